"""Questions that the documents answer: made of their own sentences by rules, and each tried before it is offered."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.errors import DossierError
from index.records import Document
from index.shelf import Shelf
from rag.answers import Answer, Ask
from ui.page.sources import every
from ui.service import Service

OFFERED = 4
TRIED = 10
"""How many questions are tried at most until enough are found that the documents answer."""
DOCUMENTS_READ = 40
CHARACTERS_READ = 4000
KEPT = 64

_UPPER = "A-ZÄÖÜÀ-ÖØ-Þ"
_WORD = rf"[{_UPPER}][\w’'-]+"
_NAME = rf"{_WORD}(?: (?:of|de|von|van) {_WORD}| {_WORD}){{1,2}}"
_THING = r"(?:[a-z]{3,} ){0,1}[a-z]{4,}"
_HURT = "injured|hurt|killed|dismissed|evacuated|arrested|affected|displaced"
_PEOPLE = "people|workers|residents|passengers|students|employees|patients|homes|families|jobs"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a sentence must look like, and the question that it then answers."""

    sentence: re.Pattern[str]
    question: str


_COST = r"(?:kostet|soll\b[^.]{0,40}\bkosten|wird\b[^.]{0,40}\bkosten)"
_DAY = rf"(?:on|in) (?:\d|[{_UPPER}])"
RULES = tuple(
    Rule(re.compile(pattern), question)
    for pattern, question in (
        (rf"\b(?P<name>{_NAME}) (?:has )?(?:resigned|quit|stepped down)\b", "Why did {name} resign?"),
        (
            rf"\b[Tt]he (?P<thing>{_THING}) (?:(?:is|is now) expected to|will|would) cost\b",
            "What will the {thing} cost?",
        ),
        (rf"\b(?P<people>{_PEOPLE}) (?:were|was|had been) (?P<hurt>{_HURT})\b", "How many {people} were {hurt}?"),
        (rf"\b(?P<name>{_NAME}), (?:who|a|an|the) [a-z]", "Who is {name}?"),
        (rf"\b(?P<name>{_NAME}) (?:won|wins|has won) the (?P<thing>{_THING})\b", "Who won the {thing}?"),
        (rf"\b[Tt]he (?P<thing>{_THING}) (?:was|were) (?P<done>[a-z]+ed) {_DAY}", "When was the {thing} {done}?"),
        (rf"\baccording to (?:the )?(?P<name>{_NAME})\b", "What did {name} say?"),
        (rf"\b(?P<name>{_NAME}) (?:said|told|argued|warned|wrote|promised)\b", "What did {name} say?"),
        (rf"\b(?P<name>{_NAME}) (?:sagte|erklärte|betonte|warnte|schrieb|forderte)\b", "Was sagte {name}?"),
        (rf"\b(?:sagte|erklärte|betonte|warnte) (?P<name>{_NAME})\b", "Was sagte {name}?"),
        (
            rf"\b(?P<article>[Dd]er|[Dd]ie|[Dd]as) (?P<thing>[A-ZÄÖÜ][\wäöüß-]{{3,}}) {_COST}\b",
            "Was kostet {article} {thing}?",
        ),
    )
)
_NOT_NAMES = re.compile(
    r"\b(?:Agency|Council|Company|Ministry|Commission|Committee|Union|Board|Office|Bank|Group|University|Party|Court"
    r"|Association|Department|Institute|Post|Courier|Times|The|This|That|These|Those"
    r"|It|He|She|They|But|And|In|On|At|For|From|After|Before|When|While|Der|Die|Das|Ein|Eine"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August"
    r"|September|October|November|December|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag)\b"
)
_COMMON = frozenset("what when will does much many said were would could with about were sagte kostet".split())
_VAGUE = re.compile(
    r"\b(?:rest|work|total|plan|same|other|such|this|that|these|those|which|whole|first|last|next|year|month|week|time)\b"
)


def candidates(texts: Iterable[str]) -> Iterator[str]:
    """Make questions of texts, those of the rarest kind first, then those whose subject is named most often."""
    found: OrderedDict[str, int] = OrderedDict()
    named: Counter[str] = Counter()
    for text in texts:
        for rank, rule in enumerate(RULES):
            for match in rule.sentence.finditer(text):
                parts = match.groupdict()
                if _NOT_NAMES.search(parts.get("name") or "") or _VAGUE.search(parts.get("thing") or ""):
                    continue
                parts = {key: value.lower() if key == "article" else value for key, value in parts.items()}
                question = rule.question.format(**parts)
                found.setdefault(question, rank)
                named[question] += 1
    order = {question: number for number, question in enumerate(found)}
    yield from _mixed(sorted(found, key=lambda one: (found[one], -named[one], order[one])), found)


def _mixed(questions: Sequence[str], rank: dict[str, int]) -> Iterator[str]:
    """Take the rules in turn, so that not all questions are alike."""
    rows: dict[int, list[str]] = {}
    for question in questions:
        rows.setdefault(rank[question], []).append(question)
    while rows:
        for key in list(rows):
            yield rows[key].pop(0)
            if not rows[key]:
                del rows[key]


class Suggestions:
    """Keeps what was found for a dossier until its documents change; thread-safe."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept: OrderedDict[tuple[object, ...], tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def starters(self, dossier: str) -> tuple[str, ...]:
        """Give questions to begin with; none where the documents do not lend themselves to it."""
        shelf = self._service.shelf
        found = shelf.dossier(dossier)
        key = (found.id, found.documents, found.passages)
        with self._lock:  # one at a time: the pool is there for people's questions
            if key not in self._kept:
                texts = _texts(shelf, _spread(list(every(shelf, dossier)), DOCUMENTS_READ))
                self._keep(key, tuple(self._answered(dossier, candidates(texts), frozenset())))
            return self._kept[key]

    def follow_ups(self, answer: Answer, asked: Iterable[str] = ()) -> tuple[str, ...]:
        """Give questions to go on with, made of what the answer cites; none while others are asking."""
        shelf = self._service.shelf
        key = (answer.id, shelf.dossier(answer.dossier).passages)
        with self._lock:
            if key not in self._kept:
                if self._service.busy:
                    return ()
                cited = list(dict.fromkeys((c.document.id, c.document.version) for c in answer.citations))
                texts = _texts(shelf, [d for d in (_there(shelf, *one) for one in cited) if d])
                known = frozenset(c.quote for c in answer.citations)
                used = [_told(one) for one in (answer.question, answer.standalone_question, *asked)]
                wanted = (one for one in candidates(texts) if not any(_told(one) <= told for told in used))
                self._keep(key, tuple(self._answered(answer.dossier, wanted, known, 3)))
            return self._kept[key]

    def _answered(
        self, dossier: str, questions: Iterator[str], known: frozenset[str], offered: int = OFFERED
    ) -> Iterator[str]:
        """Give those questions that are answered, each by other words than those before."""
        shown = set(known)
        for _, question in zip(range(TRIED), questions, strict=False):
            try:
                answer = self._service.ask(Ask(question, dossier, model="extractive", keep=False))
            except DossierError:
                return
            quotes = {citation.quote for citation in answer.citations}
            if answer.standing == "grounded" and quotes - shown:
                shown |= quotes
                yield question
                offered -= 1
            if not offered:
                return

    def _keep(self, key: tuple[object, ...], found: tuple[str, ...]) -> None:
        self._kept[key] = found
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _told(question: str) -> frozenset[str]:
    """Give the words that a question is about."""
    return frozenset(word for word in re.findall(r"\w{4,}", question.casefold()) if word not in _COMMON)


def _spread(documents: Sequence[Document], most: int) -> Sequence[Document]:
    """Take documents from everywhere in the list."""
    step = max(1, len(documents) // most)
    return documents[::step][:most]


def _there(shelf: Shelf, id: str, version: str) -> Document | None:
    try:
        document = shelf.document(id)
    except DossierError:
        return None
    return document if document.version == version else None


def _texts(shelf: Shelf, documents: Iterable[Document]) -> Iterator[str]:
    for document in documents:
        try:
            yield shelf.text(document.id)[:CHARACTERS_READ]
        except DossierError:  # removed meanwhile
            continue
