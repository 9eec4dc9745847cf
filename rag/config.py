"""Settings of asking."""

from __future__ import annotations

from pydantic import Field

from index.config import IndexConfig


class RagConfig(IndexConfig):
    """How a question is answered."""

    model: str = "extractive"
    """What words the answer: `extractive` quotes the sources' own sentences."""
    max_citations: int = Field(default=8, ge=1, le=50)
    """How many passages an answer may cite at most."""
    workers: int = Field(default=0, ge=0, le=256)
    """How many questions are answered side by side; 0 means one for each core."""
    queue: int = Field(default=64, ge=1, le=10_000)
    """How many questions may wait before further ones are asked to come back later."""
