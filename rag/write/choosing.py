"""Choose a language model by its name, and make the chat of it."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from typing import Any

from index.errors import BadSettings, ModelFailed, NotInstalled

_PACKAGES = {"openai": "langchain_openai", "ollama": "langchain_ollama", "anthropic": "langchain_anthropic"}
"""Providers that are extras of Dossier, and what each needs; LangChain names the packages of further ones."""
_REASONING = re.compile(r"(?:o\d|gpt-5)", re.IGNORECASE)
"""Models that refuse a temperature."""
_TOKENS = {"ollama": "num_predict"}
"""How a provider calls the limit of what is written, where not `max_tokens`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A language model and where it is."""

    provider: str
    """As LangChain's `init_chat_model` names it."""
    model: str
    url: str | None = None
    """Where it is, if not at the provider's own address."""
    key: str | None = None
    """Only for a server that we ourselves began; a provider's key comes from the environment."""


def choice_of(name: str, url: str | None = None) -> Choice:
    """Read `PROVIDER:MODEL`, or `PROVIDER:MODEL@URL`. Raises BadSettings."""
    named, _, at = name.partition("@http")
    provider, colon, model = named.partition(":")
    if not colon or not provider or not model:
        raise BadSettings(
            f"{name[:80]!r} does not name a language model.",
            "Name one as PROVIDER:MODEL, for example ollama:llama3.2, openai:gpt-4.1-mini or local:qwen2.5-1.5b.",
        )
    return Choice(provider, model, f"http{at}" if at else url)


def install_command(provider: str) -> str:
    """Say what installs a provider."""
    extra = provider if provider in (*_PACKAGES, "local") else ""
    return f"`make model EXTRA={extra}`" if extra else f"`.venv/bin/pip install langchain-{provider.replace('_', '-')}`"


def require_installed(provider: str) -> None:
    """Say what is missing for a provider, without importing anything. Raises NotInstalled."""
    needed = ["langchain", _PACKAGES.get(provider, "langchain")]
    if provider == "local":
        needed = ["langchain", "langchain_openai", "xllamacpp"]
    if any(importlib.util.find_spec(package) is None for package in needed):
        raise _not_installed(provider)


def open_model(choice: Choice, seconds: float, tokens: int) -> Any:  # noqa: ANN401 - a chat model of LangChain
    """Make LangChain's chat model. Raises NotInstalled, BadSettings, ModelFailed."""
    require_installed(choice.provider)
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(choice.model, model_provider=choice.provider, **_settings(choice, seconds, tokens))
    except ImportError:
        raise _not_installed(choice.provider) from None
    except ValueError as error:
        if "nsupported" in str(error):
            raise BadSettings(
                f"{choice.provider[:40]!r} is no provider that LangChain knows.",
                "Known are openai, ollama, anthropic and others; see the README under “A language model”.",
            ) from None
        raise _unusable(choice.provider) from None
    except Exception:  # every provider has errors of its own; their words may repeat a key
        raise _unusable(choice.provider) from None


def _settings(choice: Choice, seconds: float, tokens: int) -> dict[str, Any]:
    settings: dict[str, Any] = {_TOKENS.get(choice.provider, "max_tokens"): tokens}
    if not _REASONING.match(choice.model):
        settings["temperature"] = 0
    if choice.url is not None:
        settings["base_url"] = choice.url
    if choice.provider == "ollama":
        return settings | {"client_kwargs": {"timeout": seconds}}
    settings |= {"timeout": seconds, "max_retries": 0}
    if choice.provider == "openai":
        settings["stream_usage"] = True
        if choice.key is not None:
            settings["api_key"] = choice.key
        elif choice.url is not None and not os.environ.get("OPENAI_API_KEY"):
            settings["api_key"] = "none"  # the client wants one, a server of one's own does not
    return settings


def _not_installed(provider: str) -> NotInstalled:
    return NotInstalled(
        f"The language models of {provider[:40]!r} need a package that is not installed.",
        f"Install it: {install_command(provider)}",
    )


def _unusable(provider: str) -> ModelFailed:
    return ModelFailed(
        f"The language models of {provider[:40]!r} cannot be used as things are set.",
        f"Is the provider's key in the environment, for example {provider.upper()}_API_KEY?",
    )
