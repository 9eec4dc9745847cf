"""Backups: the library as of one moment and its original files, in one archive that proves itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

from index.errors import Conflict, LibraryDamaged, StorageFull, UnreadableFile
from index.library import FILE, Library, sound
from index.library.database import Database
from index.library.originals import Originals

FORMAT = "dossier-backup-1"
MANIFEST = "manifest.json"
UNFINISHED = ".unfinished-"
"""How the name of a folder begins that is thrown away when its maker is gone."""
PIECE = 1 << 20
Tell = Callable[[int, int, str], None]
"""Takes how many files are archived, of how many, and which is next; may raise Cancelled."""
NAME = re.compile(rf"{re.escape(FILE)}|originals/[0-9a-f]{{64}}")


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive that was made."""

    name: str
    """Its file name in the folder of backups."""
    size: int
    """In bytes."""
    files: int
    """How many original files it holds."""
    created: str
    """ISO 8601, UTC."""


def back_up(library: Library, folder: Path, tell: Tell) -> Backup:
    """Write an archive into the folder, while others read and write. Raises StorageFull, LibraryDamaged."""
    sweep(folder)
    with _writing(folder), tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=_made(folder)) as staging:
        staged = Path(staging)
        with library.database.read():
            with library.originals.lock:
                names = sorted(library.documents.originals())  # the first read fixes what the copy will see
                _link(library.originals, names, staged)
            library.database.copy(staged / FILE)
        _refuse_damage(staged / FILE)
        created = datetime.now(UTC)
        path = folder / f"dossier-{created:%Y%m%dT%H%M%S%f}Z.zip"
        unfinished = staged / path.name
        members = [FILE, *(f"originals/{name}" for name in names)]
        _archive(unfinished, {"format": FORMAT, "created": f"{created:%Y-%m-%dT%H:%M:%SZ}"}, staged, members, tell)
        unfinished.chmod(0o600)  # it holds everything
        unfinished.rename(path)
        settle(folder)
    return Backup(path.name, path.stat().st_size, len(names), f"{created:%Y-%m-%dT%H:%M:%SZ}")


def restore(archive: Path, data: Path) -> int:
    """Put the archive's library into a data folder without one; give how many original files came with it.

    The caller owns the folder. Every file is checked before the library is put in its place, as the last step.
    Raises Conflict, UnreadableFile, StorageFull, LibraryDamaged.
    """
    if (data / FILE).exists():
        raise Conflict(
            f"{data} holds a library already.", f"Name another folder: dossier restore {archive} --data NEW_FOLDER"
        )
    sweep(data)
    with _writing(data), tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=data) as staging:
        staged = Path(staging)
        names = _unpack(archive, staged)
        _refuse_damage(staged / FILE)
        for stale in ("indexes", "originals", f"{FILE}-wal", f"{FILE}-shm"):  # of a library that is gone
            _discard(data / stale)
        if (staged / "originals").is_dir():
            (staged / "originals").rename(data / "originals")
            settle(data / "originals")
        settle(data)
        (staged / FILE).rename(data / FILE)
        settle(data)
    return len(names) - 1


def sweep(folder: Path) -> None:
    """Throw away what an interrupted backup or restoration left behind."""
    if folder.is_dir():
        for path in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(path, ignore_errors=True)


def settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link(originals: Originals, names: list[str], staged: Path) -> None:
    """Hold on to the files, so that one that is removed meanwhile is still in the backup."""
    (staged / "originals").mkdir()
    for name in names:
        here, there = originals.folder / name, staged / "originals" / name
        try:
            there.hardlink_to(here)
        except FileNotFoundError as error:
            raise LibraryDamaged(
                f"The original file {here} is missing.", "Run `dossier doctor`: it names the document to add again."
            ) from error
        except OSError:  # a file system without links
            shutil.copyfile(here, there)


def _archive(target: Path, about: dict[str, str], staged: Path, members: list[str], tell: Tell) -> None:
    proofs: dict[str, str] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for done, member in enumerate(members):
            look = partial(tell, done, len(members), member)
            with (staged / member).open("rb") as source, archive.open(member, "w", force_zip64=True) as sink:
                proofs[member] = _copy(source, sink, look)
            if member != FILE and proofs[member] != member.rpartition("/")[2]:
                raise LibraryDamaged(f"The original file {member} was changed.", "Add its document again.")
        archive.writestr(MANIFEST, json.dumps({**about, "sha256": proofs}, indent=1))
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _unpack(path: Path, staged: Path) -> list[str]:
    """Unpack what the manifest names, and nothing else; every file has to have the sha256 it says."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            proofs: dict[str, str] = manifest["sha256"]
            if manifest["format"] != FORMAT or FILE not in proofs or not all(map(NAME.fullmatch, proofs)):
                raise UnreadableFile(f"{path} is no backup of Dossier.", "Name a file that `dossier backup` made.")
            for member, proof in proofs.items():
                target = staged / member
                target.parent.mkdir(exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    found = _copy(source, sink)
                    sink.flush()
                    os.fsync(sink.fileno())
                if found != proof:
                    raise UnreadableFile(f"{member} in {path} is not what was backed up.", "Use another backup.")
            return list(proofs)
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no file {path}.", "Name a file that `dossier backup` made.") from error
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path} is damaged or no backup ({error}).", "Use another backup.") from error


def _copy(source: IO[bytes], sink: IO[bytes], look: Callable[[], None] = lambda: None) -> str:
    """Copy, and give the sha256 of what was copied."""
    proof = hashlib.sha256()
    while piece := source.read(PIECE):
        look()
        proof.update(piece)
        sink.write(piece)
    return proof.hexdigest()


def _refuse_damage(path: Path) -> None:
    """A copy of a damaged library must not take the place of a sound one."""
    library = Library(Database(path), Originals(path.parent / "originals"))
    try:
        wrong = sound(library)
    finally:
        library.close()
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
    if wrong:
        raise LibraryDamaged(f"The library is damaged: {'; '.join(wrong)}.", "Use an older backup.")


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(f"{folder} could not be written ({error}).", "Free some space and try again.") from error
