"""A data set's id in, its splits out: from the Hub, or from what it left on disk."""

import datasets
import huggingface_hub
from datasets import DatasetDict
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from sentiment.errors import InputError, describe
from sentiment.runtime.network import HUB_TIMEOUT, within

WAYS_OUT = (
    "Give a local copy (--dataset PATH), a mirror (HF_ENDPOINT=https://…), "
    "or try the built-in reviews (--dataset sample)."
)


def from_hub(dataset: str, subset: str | None, revision: str | None) -> DatasetDict:
    """A data set of the Hub; where the Hub cannot be reached, the copy an earlier call left."""
    try:
        within(HUB_TIMEOUT, lambda: HfApi().dataset_info(dataset, revision=revision))
    except (RepositoryNotFoundError, GatedRepoError) as error:
        raise InputError(
            f"The Hub has no public data set '{dataset}', and there is no such folder here. "
            f"{WAYS_OUT}"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"'{dataset}' has no revision '{revision}' on the Hub.") from error
    except Exception as error:  # No network, a proxy's refusal, a time-out, a server's fault.
        return from_hub_cache(dataset, subset, revision, reason=error)
    try:
        return datasets.load_dataset(dataset, subset, revision=revision)
    except Exception as error:
        raise InputError(
            f"Could not load '{dataset}' from the Hub: {describe(error)}. {WAYS_OUT}"
        ) from error


def from_hub_cache(
    dataset: str, subset: str | None, revision: str | None, reason: Exception
) -> DatasetDict:
    """What an earlier `load_dataset` left on disk; `InputError` gives `reason` if nothing did."""
    online = huggingface_hub.constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    try:
        huggingface_hub.constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
        return datasets.load_dataset(dataset, subset, revision=revision)
    except Exception:
        raise InputError(
            f"The Hub cannot be reached for '{dataset}' ({describe(reason)}). {WAYS_OUT}"
        ) from reason
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = online
