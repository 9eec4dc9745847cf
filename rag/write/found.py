"""Look for language models that run on this machine: only when asked, and never used unasked."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_OLLAMA = "http://127.0.0.1:11434"
_SERVERS = ("http://127.0.0.1:8080", "http://127.0.0.1:8000", "http://127.0.0.1:1234", "http://127.0.0.1:5001")
"""Where llama.cpp, vLLM, LM Studio and KoboldCpp listen unless told otherwise."""
_SECONDS = 0.7
_LARGEST = 1_000_000


def found() -> tuple[str, ...]:
    """Name the models that Ollama and OpenAI-compatible servers offer on this machine's usual ports."""
    with ThreadPoolExecutor(1 + len(_SERVERS)) as pool:
        ollama = pool.submit(_names, f"{_OLLAMA}/api/tags", "models", "name")
        servers = [pool.submit(_names, f"{address}/v1/models", "data", "id") for address in _SERVERS]
    names = [f"ollama:{name}" for name in ollama.result()]
    for address, server in zip(_SERVERS, servers, strict=True):
        names += [f"openai:{name}@{address}/v1" for name in server.result()]
    return tuple(names)


def _names(address: str, under: str, name: str) -> list[str]:
    """Read a list of models; anything else that listens there is passed over."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(address, timeout=_SECONDS) as answer:
            told: Any = json.loads(answer.read(_LARGEST))
        rows = told[under] if isinstance(told, Mapping) else []
        return [row[name] for row in rows if isinstance(row, Mapping) and _sound(row.get(name))]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _sound(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 200 and name.isprintable() and "@" not in name


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server of this machine has no business sending us elsewhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none."""
        return
