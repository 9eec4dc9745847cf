"""Ask the cross-encoder more about the best evidence than whether it fits: right subject, wrong detail, fits, too.

The question is asked again without each of its rarer words: where the loss of a word makes the cross-encoder like the
evidence much better, the evidence is about everything but that word. And it is asked without its names, of the sentence
without its document's title: what is left has to fit by itself, and not for naming the right firm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers import Window
from rag.extract import in_context
from rag.question import Question
from rag.rerank import Reranker
from rag.terms import FUNCTION_WORDS, rarity, stem, terms_of

_WORD = re.compile(r"\w+(?:[-’']\w+)*")
_TRIED = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """What the further questions showed."""

    unheard: str = ""
    """The word that stands most in the way, as the question writes it; empty where no word was tried."""
    gain: float = 0.0
    """How much better the evidence fits without it, in logits of the cross-encoder."""
    nameless: float = 0.0
    """How well the sentence, without its title, fits the question without its names, in logits."""


def probe(question: Question, judged: Sequence[Window], reranker: Reranker, clear: float) -> Probe:
    """Try the question on the best window without its names, and without each of its rarest words.

    `judged` is in order, best first. Where its best logit is `clear` or more, no word is tried: fitting showed no gain.
    """
    if not judged:
        return Probe()
    best = judged[0]
    tried = _tried(question.text, judged) if best.logit < clear else []
    without = [question.text[: word.start()] + question.text[word.end() :] for word in tried]
    logits = reranker.score_pairs(
        [(_nameless(question), best.text), *((shorter, in_context(best)) for shorter in without)]
    )
    if not tried:
        return Probe(nameless=logits[0])
    most = max(range(len(tried)), key=lambda position: logits[position + 1])
    return Probe(tried[most].group(), logits[most + 1] - best.logit, logits[0])


def _tried(question: str, judged: Sequence[Window]) -> list[re.Match[str]]:
    """The rarest words of a question, where it has more than one."""
    words = [match for match in _WORD.finditer(question) if match.group().casefold() not in FUNCTION_WORDS]
    if len(words) < 2:
        return []
    weights = rarity({stem(word.group()) for word in words}, [window.hit.passage.text for window in judged])
    return sorted(words, key=lambda word: (-weights[stem(word.group())], word.start()))[:_TRIED]


def _nameless(question: Question) -> str:
    """The question with a pronoun for its names; as it is, where it asks for nothing else: `Who is Anna Bell?`."""
    text = question.text
    for name in sorted(question.subjects, key=len, reverse=True):
        text = text.replace(name, "they")
    return text if terms_of(text).words else question.text
