"""Download a model from the Hugging Face Hub, and upload one.

Only the requested files are downloaded, into the cache of `huggingface_hub`. Its functions are used
instead of its `ModelHubMixin`, which replaces `config.json` and reads pickles. It is imported in
the functions, because predictions of a local model do not need it.
"""

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from sentiment.errors import HubError, describe
from sentiment.runtime.network import (
    LOG_IN,
    is_model_id,
    read_refusal,
    unreachable,
    with_time_limit,
    write_refusal,
)


def fetch(model_id: str, max_bytes: Mapping[str, int], revision: str | None = None) -> Path:
    """Download a model, or find an earlier download if the Hub cannot be reached.

    The commit whose sizes were checked is the one that is downloaded, also if the branch moves on.

    Args:
        model_id: `user/name`.
        max_bytes: the names of the files to download, and the largest size of each.
        revision: a branch, tag or commit; the newest commit of the default branch if None.

    Returns:
        The folder with the files.

    Raises:
        HubError: there is no such model, revision or file, a file is too large, access is refused,
            or the Hub cannot be reached and no earlier download is complete.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        info = with_time_limit(
            lambda: HfApi().model_info(model_id, revision=revision, files_metadata=True)
        )
    except Exception as error:
        if refusal := read_refusal(error, "model", model_id, revision):
            raise refusal from error
        return find_model_in_cache(model_id, max_bytes, revision, reason=error)
    check_files_on_hub(
        model_id, {file.rfilename: file.size or 0 for file in info.siblings or ()}, max_bytes
    )
    try:
        folder = snapshot_download(model_id, revision=info.sha, allow_patterns=[*max_bytes])
    except Exception as error:  # Anything that fails on the way, writing to the disk too.
        refusal = read_refusal(error, "model", model_id, revision)
        raise HubError(
            f"Could not download '{model_id}' from the Hub: {refusal or describe(error)}"
        ) from error
    remember_commit(Path(folder), revision)
    return Path(folder)


def remember_commit(folder: Path, revision: str | None) -> None:
    """Record which commit `revision` is, so that it is found without a network.

    The client does so itself only if it is asked for the revision and not for a commit. A cache
    that cannot be written to stays as it is.

    Args:
        folder: `snapshots/<commit>` of a model in the cache.
        revision: a branch, tag or commit; None: the default branch.
    """
    reference = folder.parent.parent / "refs" / (revision or "main")
    if reference.name == folder.name:
        return
    with suppress(OSError):
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(folder.name)


def check_files_on_hub(
    model_id: str, sizes: Mapping[str, int], max_bytes: Mapping[str, int]
) -> None:
    """Raise `HubError` if a required file is missing on the Hub or is larger than allowed."""
    if missing := [name for name in max_bytes if name not in sizes]:
        raise HubError(
            f"'{model_id}' on the Hub is not a model saved by sentiment: "
            f"{' and '.join(missing)} not found. Check the name."
        )
    for name, most in max_bytes.items():
        if sizes[name] > most:
            raise HubError(
                f"{name} of '{model_id}' on the Hub has {sizes[name]:,} bytes; at most {most:,} "
                "are allowed. Nothing was downloaded."
            )


def find_model_in_cache(
    model_id: str, names: Collection[str], revision: str | None, reason: Exception
) -> Path:
    """Return the folder of an earlier download; raise `HubError` with `reason` if there is none."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(
                model_id, revision=revision, allow_patterns=[*names], local_files_only=True
            )
        )
        if all((folder / name).is_file() for name in names):
            return folder
    except Exception:  # No download, or a part of one: the remedy is the same.
        pass
    raise unreachable(model_id, "model", reason) from reason


def push(
    folder: Path,
    names: Collection[str],
    model_id: str,
    private: bool = False,
    token: str | None = None,
    revision: str | None = None,
) -> str:
    """Upload files to the Hub in one commit. Other files of the repository stay.

    Args:
        folder: the folder of the files.
        names: the files to upload.
        model_id: `user/name`; created if it does not exist.
        private: create a private repository; if False, the owner's default applies.
        token: a token with write access; that of the login or HF_TOKEN if None.
        revision: a branch, created if it does not exist; `main` if None.

    Returns:
        The address of the model's page.

    Raises:
        HubError: there is no token or it has no write access, the Hub cannot be reached, or
            `private` is set and the repository is public. Nothing was committed.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    if not is_model_id(model_id):
        raise HubError(f"'{model_id}' is not a model's id on the Hub; expected user/name.")
    token = (token or get_token() or "").strip()
    if not token:
        raise HubError(f"A push to the Hub needs a token: {LOG_IN}.")
    if not re.fullmatch("[!-~]+", token):  # The client's error would quote the token.
        raise HubError("The token has characters that no token has. Copy it again, as one line.")
    api = HfApi(token=token)

    def create_repository() -> str:
        # None selects the owner's default: an organization may create private ones only.
        page = api.create_repo(model_id, private=private or None, exist_ok=True)
        if private and not api.model_info(model_id).private:
            raise HubError(
                f"'{model_id}' is public on the Hub. Make it private there, or choose another name."
            )
        if revision is not None:
            api.create_branch(model_id, branch=revision, exist_ok=True)
        return str(page)

    operations = [CommitOperationAdd(name, folder / name) for name in names]
    message = "Upload a sentiment-lstm classifier"
    try:
        page = with_time_limit(create_repository)
        api.create_commit(model_id, operations, commit_message=message, revision=revision)
    except HubError:
        raise
    except Exception as error:
        raise write_refusal(error, model_id) from error
    return page
