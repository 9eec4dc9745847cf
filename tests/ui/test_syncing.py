"""A dossier kept equal to a folder, over a real shelf."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from index.errors import Conflict, NotFound
from index.records import Estimate
from index.shelf import Shelf
from index.sync import Folder
from tests.fakes import FakeEmbedder
from ui.config import Config
from ui.desk import OwnDesk
from ui.syncing import Synced, begin_sync, keep_in_step
from ui.syncing import sync as synced

OLD = 1_700_000_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.syncing.POLL", 0.01)
    monkeypatch.setattr("index.sync.QUIET_SECONDS", 0.1)


@pytest.fixture
def desk(shelf: Shelf, tmp_path: Path) -> OwnDesk:
    return OwnDesk(Config(data=tmp_path / "data"), shelf)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "news"
    root.mkdir()
    for number in range(6):
        write(root / f"{number}.txt", f"Number {number} said that trade grew. It was a Friday in region{number}.")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))


def sync(desk: OwnDesk, folder: Folder, *, yes: bool = False) -> Synced:
    folder.look()
    return synced(desk, Config(), folder, "news", yes=yes)


def names(desk: OwnDesk) -> list[str]:
    return sorted(one.name for one in desk.documents("news"))


def counts(done: Synced) -> tuple[int, int, int, int]:
    assert done.failed == []
    return done.added, done.replaced, done.moved, done.removed


def test_what_is_new_changed_renamed_and_deleted_follows(desk: OwnDesk, root: Path, embedder: FakeEmbedder) -> None:
    folder = Folder(root)
    assert counts(sync(desk, folder)) == (6, 0, 0, 0)
    assert counts(sync(desk, folder)) == (0, 0, 0, 0)
    ids = {one.name: one.id for one in desk.documents("news")}
    embedded = embedder.embedded
    (root / "deep").mkdir()
    (root / "0.txt").rename(root / "deep" / "0.txt")
    assert counts(sync(desk, folder)) == (0, 0, 1, 0)
    assert embedder.embedded == embedded
    (moved,) = [one for one in desk.documents("news") if one.name == "0.txt"]
    assert (moved.id, moved.source) == (ids["0.txt"], f"file:{root}/deep/0.txt")
    (root / "1.txt").unlink()
    write(root / "2.txt", "Quite another text, of the same day.")
    write(root / "new.txt", "A new text about copper.")
    assert counts(sync(desk, Folder(root))) == (1, 1, 0, 1)
    assert names(desk) == ["0.txt", "2.txt", "3.txt", "4.txt", "5.txt", "new.txt"]
    assert desk.shelf.text(ids["2.txt"]).startswith("Quite another")


def test_same_size_and_time_with_other_bytes_is_noticed(desk: OwnDesk, root: Path) -> None:
    sync(desk, Folder(root))
    write(root / "3.txt", (root / "3.txt").read_text().replace("grew", "fell"))
    assert counts(sync(desk, Folder(root))) == (0, 1, 0, 0)


def test_hidden_ignored_foreign_and_unreadable_files(desk: OwnDesk, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret.txt", "A secret from outside.")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    for name in (".hidden.txt", "~$open.txt", "draft-1.txt", "drafts/2.txt"):
        write(root / name, "Not this one.")
    done = sync(desk, Folder(root, ("draft-*", "drafts/*")))
    assert done.added == 6
    assert [Path(failure.name).name for failure in done.failed] == ["link.txt"]
    assert names(desk) == [f"{number}.txt" for number in range(6)]
    sync(desk, Folder(root, ("5*",)))
    assert "5.txt" not in names(desk)
    assert {"draft-1.txt", "2.txt"} < set(names(desk))


def test_a_wiped_folder_does_not_empty_the_dossier(desk: OwnDesk, root: Path) -> None:
    folder = Folder(root)
    sync(desk, folder)
    for number in range(4):
        (root / f"{number}.txt").unlink()
    with pytest.raises(Conflict, match=r"4 of 6 documents .* nothing was changed"):
        sync(desk, folder)
    assert len(names(desk)) == 6
    assert counts(sync(desk, folder, yes=True)) == (0, 0, 0, 4)
    shutil.rmtree(root)
    with pytest.raises(NotFound, match="There is no folder"):
        sync(desk, folder, yes=True)
    root.mkdir()
    with pytest.raises(Conflict, match="2 of 2"):
        sync(desk, folder)


def test_a_folder_that_cannot_be_read_keeps_its_documents(
    desk: OwnDesk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "deep" / "a.txt", "A text in the depth.")
    sync(desk, Folder(root))
    listed = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "deep":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert counts(sync(desk, Folder(root))) == (0, 0, 0, 0)
    assert "a.txt" in names(desk)


def test_a_file_that_is_being_written_is_waited_for(desk: OwnDesk, root: Path) -> None:
    path = root / "growing.txt"
    path.write_text("It begins. ")

    def grow() -> None:
        for _ in range(8):
            time.sleep(0.05)
            with path.open("a") as file:
                file.write("It goes on. ")

    writer = threading.Thread(target=grow)
    writer.start()
    sync(desk, Folder(root))
    writer.join()
    (found,) = [one for one in desk.documents("news") if one.name == "growing.txt"]
    assert desk.shelf.text(found.id).strip() == path.read_text().strip()


def test_other_documents_of_the_dossier_are_left_alone(desk: OwnDesk, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "news2" / "x.txt", "A neighbour.")
    sync(desk, Folder(tmp_path / "news2"))
    sync(desk, Folder(root))
    shutil.rmtree(root)
    root.mkdir()
    sync(desk, Folder(root), yes=True)
    assert names(desk) == ["x.txt"]


def test_a_watched_folder_is_followed(desk: OwnDesk, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.sync.WATCH_MILLISECONDS", 100)
    monkeypatch.setattr("index.sync.LOOK_MILLISECONDS", 200)
    folder = Folder(root)
    sync(desk, folder)
    stop, told = threading.Event(), list[str]()
    watcher = threading.Thread(
        target=keep_in_step, args=(lambda: nullcontext(desk), Config(), folder, "news", told.append, stop)
    )
    watcher.start()
    try:
        (root / "0.txt").unlink()
        write(root / "late.txt", "A late text.")
        deadline = time.monotonic() + 10
        while not ("late.txt" in names(desk) and "0.txt" not in names(desk)):
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
    finally:
        stop.set()
        watcher.join(10)
    assert not watcher.is_alive()


def test_a_file_that_vanishes_while_the_folder_is_walked_takes_nothing_with_it(
    desk: OwnDesk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = Folder._files

    def vanishing(folder: Folder, real: Path) -> Iterator[Path]:
        for path in walked(folder, real):
            if path.name == "3.txt":
                path.unlink()
            yield path

    monkeypatch.setattr(Folder, "_files", vanishing)
    assert counts(sync(desk, Folder(root))) == (5, 0, 0, 0)


def test_a_large_sync_tells_what_it_will_take(desk: OwnDesk, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.estimating.LARGE_FILES", 6)
    told: list[Estimate] = []

    def tell(done: int, of: int, name: str) -> None:
        if found := next((job for job in desk.shelf.jobs() if job.kind == "sync"), None):
            told.extend([found.estimate] if found.estimate else [])

    monkeypatch.setattr("index.chores.Chore.tell", lambda chore, *progress: tell(*progress[:3]))
    config = Config(folders=(root,))
    job = desk.shelf.wait(begin_sync(desk.shelf, config, root, "news", ()).id, 60)
    assert job.state == "done"
    assert job.estimate is None
    assert told
    assert told[0].bytes == sum(path.stat().st_size for path in root.iterdir())
