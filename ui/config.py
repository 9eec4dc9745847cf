"""Settings of the server, the last layer: this class knows every key there is."""

from __future__ import annotations

from pydantic import Field, SecretStr

from rag.config import RagConfig


class Config(RagConfig):
    """All settings; the keys are the same in `dossier.toml`, as `DOSSIER_KEY` in the environment and as flags."""

    host: str = "127.0.0.1"
    """The address to listen on; any but loopback needs a key."""
    port: int = Field(default=7860, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    key: SecretStr | None = None
    """What programs send as a bearer token and the page asks for."""
