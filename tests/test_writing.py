"""Files and folders are whole or not there, and one process at a time writes a run's folder."""

import os
import signal
import sys
import time

import pytest

from sentiment.errors import InputError
from sentiment.runtime import atomic_io as writing
from sentiment.runtime.atomic_io import discard, locked, staged, written_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX locks")


def write_folder(place, content="new"):
    with staged(place) as stage:
        (stage / "content").write_text(content)


def write_file(place, content="new"):
    with written_whole(place) as file:
        file.write(content.encode())


def in_a_process(work):
    """Do `work` in a process of its own, and wait until it says that it is done; its id."""
    inner, outer = os.pipe()
    process = os.fork()
    if not process:
        work(lambda: (os.write(outer, b"x"), time.sleep(600)))
        os._exit(0)
    os.read(inner, 1)
    return process


def kill(process):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


@pytest.mark.parametrize("write", [write_folder, write_file])
def test_what_a_killed_write_has_left_goes_with_the_next(tmp_path, write):
    def half(wait):
        with staged(tmp_path / "half") as stage, written_whole(tmp_path / "half.csv") as file:
            (stage / "content").write_text("half")
            file.write(b"half")
            wait()

    mine = {tmp_path / ".half.backup", tmp_path / ".half.12345678"}
    for path in mine:
        path.mkdir()
    process = in_a_process(half)
    unfinished = set(tmp_path.iterdir()) - mine
    assert len(unfinished) == 2
    write(tmp_path / "one")
    assert set(tmp_path.iterdir()) == {*mine, *unfinished, tmp_path / "one"}  # Somebody's at work.
    kill(process)
    write(tmp_path / "two")
    assert set(tmp_path.iterdir()) == {*mine, tmp_path / "one", tmp_path / "two"}


@pytest.mark.parametrize("write", [write_folder, write_file])
def test_what_a_signal_in_the_cleaning_up_leaves_goes_with_the_next_write(
    tmp_path, monkeypatch, write
):
    def interrupted(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "remove", interrupted)
        patch.setattr(writing, "put_on_disk", interrupted)
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "place")
    assert len(list(tmp_path.iterdir())) == 1
    write(tmp_path / "place")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


@pytest.mark.parametrize("there_is_one", [False, True])
@pytest.mark.parametrize("write", [write_folder, write_file])
def test_what_is_renamed_is_on_the_disk_and_so_is_its_name(
    tmp_path, monkeypatch, write, there_is_one
):
    if there_is_one:
        write(tmp_path / "place", "old")
    steps = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append(os.fstat(file).st_ino), sync(file)))
    sys.addaudithook(lambda event, _: steps.append(event) if event == "os.rename" else None)
    write(tmp_path / "place")
    place = tmp_path / "place"
    content = place / "content" if write is write_folder else place
    named_in = place if write is write_folder and there_is_one else tmp_path
    assert steps.index(content.stat().st_ino) < steps.index("os.rename")
    assert steps[-1] == named_in.stat().st_ino
    assert steps[-2] == "os.rename"


def test_a_folder_is_deleted_at_once(tmp_path, monkeypatch):
    write_folder(tmp_path / "place")
    monkeypatch.setattr(writing, "remove", lambda path: None)  # As if it were killed there.
    discard(tmp_path / "place")
    assert not (tmp_path / "place").exists()
    monkeypatch.undo()
    write_file(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_lock_keeps_others_out_and_dies_with_its_process(tmp_path):
    folder = tmp_path / "runs" / "one"

    def hold(wait):
        with locked(folder):
            wait()

    process = in_a_process(hold)
    with pytest.raises(InputError, match=r"Another process is at work in '.*one'"), locked(folder):
        pytest.fail("two at once")
    kill(process)
    with locked(folder):
        assert (folder / ".lock").exists()
        (folder / "result").touch()
    assert [path.name for path in folder.iterdir()] == ["result"]


def test_a_lock_of_a_folder_that_stays_empty_leaves_nothing(tmp_path):
    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "runs" / "one", tmp_path / "mine"):
        with pytest.raises(KeyError), locked(folder):
            raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_lock_file_that_its_holder_deletes_meanwhile_locks_nothing(tmp_path, monkeypatch):
    real = writing.lock
    stale = []

    def late(descriptor):
        real(descriptor)
        if not stale:
            stale.append(descriptor)
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(writing, "lock", late)
    with locked(tmp_path):
        monkeypatch.undo()
        with pytest.raises(InputError, match="Another process"), locked(tmp_path):
            pytest.fail("two at once")


def test_where_there_are_no_locks_a_warning_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "fcntl", None)
    said = pytest.warns(UserWarning, match=r"cannot be locked.*no other process writes there")
    with said, locked(tmp_path):
        write_folder(tmp_path / "place")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
