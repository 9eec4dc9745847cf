"""Find the word of a question that the evidence does not speak to.

The question is asked again without each of its rarer words. Where the loss of a word makes the cross-encoder like the
evidence much better, the evidence is about everything but that word: right subject, wrong detail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers import Window
from rag.extract import in_context
from rag.rerank import Reranker
from rag.terms import FUNCTION_WORDS, rarity, stem

_WORD = re.compile(r"\w+(?:[-’']\w+)*")
_TRIED = 8


@dataclass(frozen=True, slots=True)
class Unheard:
    """The word that stands most in the way."""

    word: str = ""
    """As the question writes it; empty where no word was tried."""
    gain: float = 0.0
    """How much better the evidence fits without it, in logits of the cross-encoder."""


def unheard(question: str, judged: Sequence[Window], reranker: Reranker, clear: float) -> Unheard:
    """Try the question's rarest words on the best window; `judged` is in order, best first.

    Where its logit is `clear` or more no word is tried: fitting showed no gain from it.
    """
    if not judged or judged[0].logit >= clear:
        return Unheard()
    words = [match for match in _WORD.finditer(question) if match.group().casefold() not in FUNCTION_WORDS]
    if len(words) < 2:
        return Unheard()
    weights = rarity({stem(word.group()) for word in words}, [window.hit.passage.text for window in judged])
    tried = sorted(words, key=lambda word: (-weights[stem(word.group())], word.start()))[:_TRIED]
    without = [question[: word.start()] + question[word.end() :] for word in tried]
    logits = reranker.score_pairs([(shorter, in_context(judged[0])) for shorter in without])
    best = max(range(len(tried)), key=lambda position: logits[position])
    return Unheard(tried[best].group(), logits[best] - judged[0].logit)
