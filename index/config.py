"""Settings of the index, and how all settings are read: `dossier.toml`, then `DOSSIER_*`, then flags."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class IndexConfig(BaseSettings):
    """Where documents are kept and how they are read, split and embedded."""

    model_config = SettingsConfigDict(
        env_prefix="DOSSIER_", toml_file="dossier.toml", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    data: Path = Path("data")
    """The data folder: library, indexes, original files and models."""
    models: Path | None = None
    """The folder of the model files; `models` inside the data folder when not set."""
    embedder: str = "bge-small-en-v1.5"
    """The embedding model: a name from `dossier models`, or a sentence-transformers model by name or path."""
    passage_characters: int = Field(default=700, ge=200, le=1600)
    """How long a passage may grow before the next one begins, in characters."""
    max_file_mb: int = Field(default=50, ge=1, le=1024)
    """The largest file that is read, in megabytes."""
    feed_entries: int = Field(default=20, ge=1, le=1000)
    """How many pages of a feed or sitemap are added, the first ones it lists."""
    ocr_languages: str = Field(default="eng", pattern=r"^([A-Za-z_]{3,20}(\+[A-Za-z_]{3,20}){0,9})?$")
    """The languages of scanned PDFs as Tesseract names them, such as `eng+deu`; empty: their text is not recognised."""
    threads: int = Field(default=0, ge=0, le=256)
    """How many texts are embedded or reranked side by side; 0 means one for each core."""

    chroma_from: int = Field(default=1_500_000, ge=0)
    """From how many passages on a dossier is searched through Chroma; smaller ones are searched exactly, at once."""
    chroma: str = ""
    """The address of a Chroma server that keeps the vectors, such as `http://127.0.0.1:8000`; none: the data folder."""
    history_days: int = Field(default=0, ge=0, le=100_000)
    """After how many days without use conversations and answers are deleted; 0 keeps them for ever."""

    @field_validator("chroma")
    @classmethod
    def _reachable(cls, address: str) -> str:
        parts = urlsplit(address.strip().rstrip("/"))
        plain = (
            parts.scheme in ("http", "https") and parts.hostname and not (parts.path or parts.query or parts.username)
        )
        if address.strip() and not (plain and _port_of(parts)):
            raise ValueError("an address is http://HOST:PORT or https://HOST:PORT")
        return address.strip().rstrip("/")

    @property
    def models_folder(self) -> Path:
        """Where model files are kept."""
        return self.models or self.data / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, which wins over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _port_of(parts: SplitResult) -> bool:
    """Whether the port, if there is one, is a number that a port can have."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
