"""Load a dataset of the Hugging Face Hub, or the copy that an earlier call left on the disk."""

import datasets
from datasets import DatasetDict
from datasets.packaged_modules.cache.cache import Cache
from huggingface_hub import HfApi

from sentiment.errors import HubError, describe
from sentiment.runtime.network import read_refusal, unreachable, with_time_limit


def from_hub(dataset: str, subset: str | None, revision: str | None) -> DatasetDict:
    """Load a dataset of the Hub, or an earlier copy if the Hub cannot be reached.

    Args:
        dataset: its id, `user/name` or `name`.
        subset: the name of a configuration; None if there is one only.
        revision: a branch, tag or commit; the newest commit of the default branch if None.

    Raises:
        HubError: there is no such dataset or revision, access is refused, or the Hub cannot be
            reached and there is no earlier copy.
    """
    try:
        info = with_time_limit(lambda: HfApi().dataset_info(dataset, revision=revision))
    except Exception as error:
        if refusal := read_refusal(error, "dataset", dataset, revision):
            raise refusal from error
        return find_dataset_in_cache(dataset, subset, reason=error)
    try:
        return datasets.load_dataset(dataset, subset, revision=info.sha)
    except Exception as error:
        raise HubError(f"Could not load '{dataset}' from the Hub: {describe(error)}") from error


def find_dataset_in_cache(dataset: str, subset: str | None, reason: Exception) -> DatasetDict:
    """Return the newest copy on the disk; raise `HubError` with `reason` if there is none.

    `load_dataset` would make the same choice, but only after `HF_HUB_OFFLINE` was set for the whole
    process, or after retries of half a minute.
    """
    name = dataset.split("/")[-1]
    try:
        cache = Cache(
            repo_id=dataset, dataset_name=name, config_name=subset, version="auto", hash="auto"
        )
        return cache.as_dataset()
    except Exception:
        raise unreachable(dataset, "dataset", reason) from reason
