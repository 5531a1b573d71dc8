"""A model's id on the Hub in, a folder out; and a folder in, a model on the Hub.

Only the files that are asked for are fetched, whatever else lies in the repository, into the cache
of `huggingface_hub`. That is imported where the Hub is really asked: no prediction of a model on
disk waits for it. Its functions are used and not its `ModelHubMixin`, which deletes the
`config.json` that it finds to write its own, and whose version for PyTorch reads pickles.
"""

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from logging import CRITICAL
from pathlib import Path
from typing import TypeVar

from sentiment.errors import InputError, describe
from sentiment.runtime.network import HUB_TIMEOUT, is_model_id, within

T = TypeVar("T")

LOG_IN = "log in (`hf auth login`), or set HF_TOKEN"


@contextmanager
def quietly() -> Iterator[None]:
    """Let the client of the Hub say nothing but its progress, and that on a terminal alone.

    What goes wrong stands in the error; the client would tell of each of its attempts.
    """
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
        logging,
    )

    verbosity, to_hide = logging.get_verbosity(), not are_progress_bars_disabled()
    to_hide = to_hide and not sys.stderr.isatty()
    logging.set_verbosity(CRITICAL)
    if to_hide:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if to_hide:
            enable_progress_bars()


@quietly()
def fetch(model: str, most_bytes: Mapping[str, int], revision: str | None = None) -> Path:
    """The folder of a model of the Hub; where that cannot be reached, of what was fetched before.

    Args:
        model: its id, `user/name`.
        most_bytes: the names of the files that are wanted, and the size that each may have.
        revision: a branch, a tag or a commit; without it the newest.

    Raises:
        InputError: there is no such model, revision or file, a file is too large, access is
            refused, or neither the Hub nor an earlier copy is there.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        info = within(
            HUB_TIMEOUT,
            lambda: HfApi().model_info(model, revision=revision, files_metadata=True),
        )
    except Exception as error:
        if refusal := refusal_of(error, model, revision):
            raise InputError(refusal) from error
        return from_cache(model, most_bytes, revision, reason=error)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    if missing := [name for name in most_bytes if name not in sizes]:
        raise InputError(
            f"'{model}' on the Hub is no model that sentiment has saved: {' and '.join(missing)} "
            "not found. Look at its page there, or name another."
        )
    for name, most in most_bytes.items():
        if sizes[name] > most:
            raise InputError(
                f"{name} of '{model}' on the Hub has {sizes[name]:,} bytes; a bundle's has at most "
                f"{most:,}. Nothing was downloaded."
            )
    try:
        folder = snapshot_download(model, revision=revision, allow_patterns=[*most_bytes])
    except Exception as error:  # Whatever breaks on the way, the disk too.
        reason = refusal_of(error, model, revision) or describe(error)
        raise InputError(f"Could not download '{model}' from the Hub: {reason}") from error
    return Path(folder)


def from_cache(model: str, names: Collection[str], revision: str | None, reason: Exception) -> Path:
    """What an earlier download left on disk; `InputError` gives `reason` if none was complete."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(
                model, revision=revision, allow_patterns=[*names], local_files_only=True
            )
        )
        if all((folder / name).is_file() for name in names):
            return folder
    except Exception:  # There is nothing, or a part; which, does not change what is to be done.
        pass
    raise InputError(
        f"There is no folder '{model}', and the Hub cannot be reached for a model of that name "
        f"({describe(reason)}). Give a folder, or a mirror (HF_ENDPOINT=https://…)."
    ) from reason


def refusal_of(error: Exception, model: str, revision: str | None) -> str | None:
    """What is to be done where the Hub has answered, and said no; None where it has not."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError):
        return f"'{model}' is gated: accept its terms on its page on the Hub, then {LOG_IN}."
    if isinstance(error, HFValidationError | RepositoryNotFoundError):
        return (
            f"There is no folder '{model}', and the Hub has no such model that you may read. Look "
            f"at the name; for a private one, {LOG_IN}."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"'{model}' has no revision '{revision}' on the Hub."
    if status in (401, 403):
        return f"The Hub does not let you read '{model}' ({status}): {LOG_IN}."
    return None


@quietly()
def push(
    folder: Path,
    names: Collection[str],
    model: str,
    private: bool = False,
    token: str | None = None,
    revision: str | None = None,
) -> str:
    """Upload the files `names` of `folder` to the Hub, in one commit; other files there stay.

    Args:
        folder: where the files stand.
        names: which of them.
        model: the id, `user/name`; made if there is no such model.
        private: make it one that others cannot see; else it is as its owner's new ones are.
        token: one that may write there; without it that of the login, or of HF_TOKEN.
        revision: a branch, made if it is not there; without it `main`.

    Returns:
        The address of its page.

    Raises:
        InputError: no token, one that may not write there, no network, or with `private` a model
            that is public already. Nothing was then uploaded, or nothing of it committed.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    if not is_model_id(model):
        raise InputError(f"'{model}' is no name for a model on the Hub: give it as user/name.")
    token = (token or get_token() or "").strip()
    if not token:
        raise InputError(f"The Hub must know who you are: {LOG_IN}.")
    if not re.fullmatch("[!-~]+", token):  # The client's error would quote it.
        raise InputError("The token has characters that none has. Copy it again, all on one line.")
    api = HfApi(token=token)

    def prepare() -> str:
        # Without `private` the owner's default: an organisation may have one, for good reasons.
        page = api.create_repo(model, private=private or None, exist_ok=True)
        if private and not api.model_info(model).private:
            raise InputError(f"'{model}' is public on the Hub: make it private there, or rename.")
        if revision is not None:
            api.create_branch(model, branch=revision, exist_ok=True)
        return str(page)

    operations = [CommitOperationAdd(name, folder / name) for name in names]
    message = "A classifier of sentiment-lstm"
    try:
        page = within(HUB_TIMEOUT, prepare)
        api.create_commit(model, operations, commit_message=message, revision=revision)
    except InputError:
        raise
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        reason = describe(error)[:300]
        if status in (401, 403, 404):
            raise InputError(
                f"The Hub does not let you write '{model}' ({status}). With a token that may, "
                f"{LOG_IN}."
            ) from error
        said = "The Hub refused" if status else "The Hub cannot be reached for"
        raise InputError(f"{said} '{model}': {reason}") from error
    return page
