"""Atomic writes, cleanup after killed processes, and locks on folders."""

import errno
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sentiment.errors import StorageError
from sentiment.runtime import atomic_io, locks
from sentiment.runtime.atomic_io import atomic_folder, atomic_write, discard
from sentiment.runtime.locks import locked

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")


def write_folder(path, content="new"):
    with atomic_folder(path) as stage:
        (stage / "content").write_text(content)


def write_file(path, content="new"):
    with atomic_write(path) as file:
        file.write(content.encode())


def names(folder):
    return {path.name for path in folder.iterdir()}


def start_process(work):
    """Run `work` in a process until it calls its argument, which waits; return the process id."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        work(lambda: (os.write(writer, b"x"), time.sleep(600)))
        os._exit(0)
    os.read(reader, 1)
    return process


def kill(process):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


@needs_fork
@pytest.mark.parametrize("write", [write_folder, write_file])
def test_temporary_files_are_deleted_only_after_their_process_was_killed(tmp_path, write):
    def write_half(wait):
        with atomic_folder(tmp_path / "half") as stage, atomic_write(tmp_path / "half.csv") as file:
            (stage / "content").write_text("half")
            file.write(b"half")
            wait()

    process = start_process(write_half)
    temporary = names(tmp_path)
    assert len(temporary) == 4  # A folder, a file, and a lock file for each.
    write(tmp_path / "one")
    assert names(tmp_path) == {*temporary, "one"}
    kill(process)
    write(tmp_path / "two")
    assert names(tmp_path) == {"one", "two"}


@pytest.mark.parametrize("write", [write_folder, write_file])
def test_files_of_the_user_are_never_cleaned_up(tmp_path, write):
    of_user = {".mine.unfinished-notes", ".half.12345678", ".sentiment-notes.lock", ".sentiment"}
    for name in of_user:
        (tmp_path / name).touch()
    (tmp_path / ".sentiment-0123456789abcdef.tmp").touch()  # It has no lock file.
    write(tmp_path / "one")
    assert names(tmp_path) == {*of_user, ".sentiment-0123456789abcdef.tmp", "one"}


@pytest.mark.parametrize("write", [write_folder, write_file])
def test_interrupted_cleanup_is_completed_by_the_next_write(tmp_path, monkeypatch, write):
    def interrupt(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(locks, "remove", interrupt)
        patch.setattr(atomic_io, "flush_to_disk", interrupt)
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "place")
    assert len(names(tmp_path)) == 2
    write(tmp_path / "place")
    assert names(tmp_path) == {"place"}


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("write", [write_folder, write_file])
def test_content_and_name_are_flushed_to_the_disk_in_order(tmp_path, monkeypatch, write, exists):
    if exists:
        write(tmp_path / "place", "old")
    steps = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append(os.fstat(file).st_ino), sync(file)))
    sys.addaudithook(lambda event, _: steps.append(event) if event == "os.rename" else None)
    write(tmp_path / "place")
    place = tmp_path / "place"
    content = place / "content" if write is write_folder else place
    named_in = place if write is write_folder and exists else tmp_path
    assert steps.index(content.stat().st_ino) < steps.index("os.rename")
    assert steps[-2:] == ["os.rename", named_in.stat().st_ino]


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (KeyError("half"), KeyError, "half"),
        (KeyboardInterrupt("half"), KeyboardInterrupt, "half"),
        (FULL, StorageError, r"Could not write '.*place': No space left"),
    ],
    ids=["error", "interrupt", "full disk"],
)
@pytest.mark.parametrize("opened", [atomic_folder, atomic_write])
def test_a_write_that_fails_leaves_the_old_content(
    tmp_path, opened, error, raised, message, exists
):
    write, content = (write_folder, "content") if opened is atomic_folder else (write_file, "")
    if exists:
        write(tmp_path / "place", "old")

    def write_half():
        with opened(tmp_path / "place") as stage:
            if opened is atomic_folder:
                (stage / "content").write_text("half")
            else:
                stage.write(b"half")
            raise error

    with pytest.raises(raised, match=message):
        write_half()
    assert names(tmp_path) == ({"place"} if exists else set())
    assert not exists or (tmp_path / "place" / content).read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_file_written_through_a_link_replaces_its_target(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_file(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.parametrize("write", [write_folder, write_file])
def test_a_name_of_255_bytes_can_be_written_and_replaced(tmp_path, write):
    for _ in range(2):
        write(tmp_path / ("x" * 255))
    assert names(tmp_path) == {"x" * 255}


def no_links(*_):
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_during_a_write_is_replaced_only_with_overwrite(
    tmp_path, monkeypatch, links
):
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    for overwrite in (False, True):
        with atomic_write(tmp_path / "new", overwrite) as file:
            file.write(b"new")
            assert names(tmp_path) & {"new"} == ({"new"} if overwrite else set())
    path = tmp_path / "place"
    message = r"place' already exists\. Set overwrite"
    with pytest.raises(StorageError, match=message), atomic_write(path, overwrite=False):
        path.write_text("of another process")
    assert path.read_text() == "of another process"
    with atomic_write(path, overwrite=True) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    assert names(tmp_path) == {"new", "place"}


def write_new(folder, number):
    try:
        with atomic_write(folder / "place", overwrite=False) as file:
            file.write(f"{number}".encode())
    except StorageError:
        return None
    return number


def test_of_concurrent_writers_of_one_new_file_one_succeeds(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write_new, [tmp_path] * 40, range(40)))
    [winner] = [number for number in results if number is not None]
    assert (tmp_path / "place").read_text() == f"{winner}"
    assert names(tmp_path) == {"place"}


def write_many(folder, number):
    for index in range(50):
        write_file(folder / f"{number}-{index}")
        write_folder(folder / f"{number}-{index}-folder")


def test_concurrent_writers_in_one_folder_do_not_delete_each_others_files(tmp_path):
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(write_many, [tmp_path] * 4, range(4)))
    assert len(names(tmp_path)) == 4 * 50 * 2
    assert all((tmp_path / f"{n}-{i}").read_text() == "new" for n in range(4) for i in range(50))


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("write", [write_folder, write_file])
def test_a_file_that_is_open_for_a_moment_on_windows_is_renamed_later(
    tmp_path, monkeypatch, write, exists
):
    if exists:
        write(tmp_path / "place", "old")
    refusals = iter([PermissionError("another process uses the file")] * 3)
    replace = Path.replace

    def replace_closed(path, target):
        if error := next(refusals, None):
            raise error
        return replace(path, target)

    monkeypatch.setattr(atomic_io, "RENAME_ATTEMPTS", 4)
    monkeypatch.setattr(atomic_io, "RENAME_PAUSE", 0)
    monkeypatch.setattr(Path, "replace", replace_closed)
    write(tmp_path / "place")
    place = tmp_path / "place"
    assert (place / "content" if write is write_folder else place).read_text() == "new"


def test_discard_removes_the_folder_before_its_content(tmp_path, monkeypatch):
    write_folder(tmp_path / "place")
    monkeypatch.setattr(locks, "remove", lambda path: None)  # As if killed at this point.
    discard(tmp_path / "place")
    assert not (tmp_path / "place").exists()
    monkeypatch.undo()
    write_file(tmp_path / "other")
    assert names(tmp_path) == {"other"}


@needs_fork
def test_a_lock_keeps_other_processes_out_until_its_process_is_killed(tmp_path):
    folder = tmp_path / "runs" / "one"

    def hold(wait):
        with locked(folder):
            wait()

    process = start_process(hold)
    with pytest.raises(StorageError, match=r"Another process is using '.*one'"), locked(folder):
        pytest.fail("two processes hold the lock")
    kill(process)
    with locked(folder):
        assert (folder / ".lock").exists()
        (folder / "result").touch()
    assert names(folder) == {"result"}


def test_a_lock_removes_the_folders_it_created_if_they_are_empty(tmp_path):
    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "runs" / "one", tmp_path / "mine"):
        with pytest.raises(KeyError), locked(folder):
            raise KeyError
    assert names(tmp_path) == {"mine"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot delete an open file")
def test_a_lock_file_deleted_before_it_was_locked_is_created_again(tmp_path, monkeypatch):
    real = locks.lock_descriptor
    deleted = []

    def delete_first(descriptor, blocking):
        if not deleted:
            deleted.append(descriptor)
            (tmp_path / ".lock").unlink()
        return real(descriptor, blocking=blocking)

    monkeypatch.setattr(locks, "lock_descriptor", delete_first)
    with locked(tmp_path):
        monkeypatch.undo()
        with pytest.raises(StorageError, match="Another process"), locked(tmp_path):
            pytest.fail("two processes hold the lock")


def test_a_file_system_without_locks_gives_a_warning(tmp_path, monkeypatch):
    def unsupported(descriptor, blocking):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "lock_descriptor", unsupported)
    message = r"cannot be locked \(No locks available\).*no other process writes"
    with pytest.warns(UserWarning, match=message), locked(tmp_path):
        write_folder(tmp_path / "place")
    assert names(tmp_path) == {"place"}
