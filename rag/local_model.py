"""A GGUF model in this process, through llama.cpp: served to ourselves alone, on a loopback port with a secret key."""

from __future__ import annotations

import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import models
from index.config import IndexConfig
from index.errors import BadSettings, ModelAltered, NotInstalled

_CONTEXT = 4096
"""How many tokens a question with its passages and its answer may have."""
_SIDE_BY_SIDE = 2
"""How many questions are answered at once."""
_MAGIC = b"GGUF"
FILE = "model.gguf"
"""What the one file of a language model is called in the models folder."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A model that listens."""

    url: str
    """The address of its OpenAI-compatible interface."""
    key: str
    """Made anew for every process: nobody else on the machine can use it."""
    server: Any
    """What runs it; it ends with the process."""


_lock = threading.Lock()
_open: dict[Path, LocalServer] = {}


def look_for(config: IndexConfig, name: str) -> None:
    """See that a model of the manifest, or a file, is there, without reading it. Raises ModelMissing, BadSettings."""
    model = _named(name)
    if model is None:
        _path_of(name)
    elif not models.is_there(config, model):
        models.require(config, model)


def file_of(config: IndexConfig, name: str) -> Path:
    """Give the file of a model of the manifest, or of a path. Raises ModelMissing, ModelAltered, BadSettings."""
    model = _named(name)
    return models.require(config, model)[FILE] if model is not None else _path_of(name)


def _named(name: str) -> models.Model | None:
    return next((model for model in _language_models() if model.name.casefold() == name.casefold()), None)


def _language_models() -> list[models.Model]:
    return [model for model in models.MANIFEST if any(file.name == FILE for file in model.files)]


def _path_of(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        known = ", ".join(model.name for model in _language_models())
        raise BadSettings(f"There is no GGUF file {name[:200]!r}.", f"Name a file, or one of: {known}.")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ModelAltered(f"{path.name!r} is not a GGUF file.", "Convert the model to GGUF, or name another file.")
    return path.resolve()


def open_local(config: IndexConfig, name: str) -> LocalServer:
    """Load a model, once a process. Raises NotInstalled and what `file_of` raises."""
    path = file_of(config, name)
    with _lock:
        if path not in _open:
            _open[path] = _serve(path, config.threads)
        return _open[path]


def _serve(path: Path, threads: int) -> LocalServer:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads ruin whatever else runs
    try:
        import xllamacpp
    except ImportError:
        raise NotInstalled(
            "A local language model needs a runtime that is not installed.", "Install it: `make model EXTRA=local`"
        ) from None
    key = secrets.token_urlsafe(24)
    cores = threads or os.cpu_count() or 1
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx = _CONTEXT * _SIDE_BY_SIDE
    settings.n_parallel = _SIDE_BY_SIDE
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = cores
    settings.hostnames, settings.port = ["127.0.0.1"], 0
    settings.api_keys = [key]
    settings.ui = settings.endpoint_slots = settings.endpoint_props = settings.warmup = False
    settings.verbosity = -1
    try:
        server = xllamacpp.Server(settings)
    except RuntimeError as error:
        raise ModelAltered(
            f"{path.name!r} cannot be loaded as a language model ({str(error)[:120]}).", "Fetch or convert it again."
        ) from None
    return LocalServer(f"{server.listening_address}/v1", key, server)
