"""Settings of asking."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from index.config import IndexConfig


class RagConfig(IndexConfig):
    """How a question is answered."""

    model: str = "extractive"
    """What words the answer: `extractive` quotes the sources' own sentences, `PROVIDER:MODEL` is a language model."""
    model_url: str | None = None
    """Where the language model is, if not at its provider's own address."""
    model_seconds: float = Field(default=120, gt=0, le=3600)
    """How long a language model may take for an answer; then it is in the sources' own words."""
    model_calls: int = Field(default=12, ge=1, le=100)
    """How often a language model may be called for one question."""
    verify: Literal["rules", "judge", "off"] = "rules"
    """Who checks what a language model writes: rules and the cross-encoder, or the language model itself besides.

    `off`: nobody; what is not checked is never cited, and shown only on request.
    """
    follow_ups: Literal["rules", "model"] = "rules"
    """Who makes a follow-up stand alone: rules, or the language model, with the rules where it fails."""
    unsupported: Literal["drop", "show", "rewrite"] = "drop"
    """What becomes of its statements that are not proved: left out, shown and marked, or asked for once more."""
    max_citations: int = Field(default=8, ge=1, le=50)
    """How many passages an answer may cite at most."""
    workers: int = Field(default=0, ge=0, le=256)
    """How many questions are answered side by side; 0 means one for each core."""
    queue: int = Field(default=64, ge=1, le=10_000)
    """How many questions may wait before further ones are asked to come back later."""
