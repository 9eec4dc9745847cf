"""The fixed words of exported answers, in every language; what was answered stays as it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rag.answers import Standing, Support


@dataclass(frozen=True, slots=True)
class Phrases:
    """All words of an export in one language; `{...}` is filled in by the code."""

    language: str
    """As in the attribute `lang`."""
    standings: Mapping[Standing, str]
    support: Mapping[Support, str]
    """What is said behind a statement; nothing of one that is supported."""
    disagree: str
    not_said: str
    sources: str
    nearest: str
    also_in: str
    searched: str
    page: str
    pages: str
    slide: str
    sheet: str
    scanned: str
    questions: tuple[str, str]
    """For one, and for any other number."""
    days: str
    """From the first day to the last."""
    untitled: str


ENGLISH = Phrases(
    language="en",
    standings=MappingProxyType(
        {
            "grounded": "Every sentence is proved by the passages it cites.",
            "partly_grounded": "Proved in part: see what is missing or marked as not proved.",
            "ungrounded": "Not proved: no passage supports these sentences.",
            "declined": "The documents do not answer this question.",
            "aside": "",
        }
    ),
    support=MappingProxyType({"supported": "", "unsupported": "not proved", "unchecked": "not checked"}),
    disagree="The sources disagree about {about}:",
    not_said="The documents do not say",
    sources="Sources",
    nearest="The nearest passages, which do not answer it",
    also_in="Also in",
    searched="Searched",
    page="page",
    pages="pages",
    slide="slide",
    sheet="sheet",
    scanned="read from a picture",
    questions=("{n} question", "{n} questions"),
    days="{first} to {last}",
    untitled="Conversation",
)

GERMAN = Phrases(
    language="de",
    standings=MappingProxyType(
        {
            "grounded": "Jeder Satz ist durch die Stellen belegt, die er nennt.",
            "partly_grounded": "Zum Teil belegt: siehe was fehlt oder als nicht belegt gekennzeichnet ist.",
            "ungrounded": "Nicht belegt: Keine Stelle stützt diese Sätze.",
            "declined": "Die Dokumente beantworten diese Frage nicht.",
            "aside": "",
        }
    ),
    support=MappingProxyType({"supported": "", "unsupported": "nicht belegt", "unchecked": "nicht geprüft"}),
    disagree="Die Quellen sind uneins über {about}:",
    not_said="Die Dokumente sagen nicht",
    sources="Quellen",
    nearest="Die nächsten Stellen, die sie nicht beantworten",
    also_in="Auch in",
    searched="Gesucht",
    page="Seite",
    pages="Seiten",
    slide="Folie",
    sheet="Blatt",
    scanned="von einem Bild gelesen",
    questions=("{n} Frage", "{n} Fragen"),
    days="{first} bis {last}",
    untitled="Gespräch",
)

PHRASES: Mapping[str, Phrases] = {phrases.language: phrases for phrases in (ENGLISH, GERMAN)}
