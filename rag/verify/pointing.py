"""Whether a reader knows whom a statement is about, where it would be shown."""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.question import Question, subjects_of
from rag.subject import names_asked_for, words_of
from rag.verify.quotes import Checked, TextOf

_POINTS_BACK = re.compile(
    r"\W*(?:This|These|Those|That|It|They|He|She|Its|Their|His|Her|Such|Both|The (?:latter|former))\b"
    r"(?! (?:is|was) (?:not )?(?:un)?(?:likely|clear|known|true|possible)\b)"
)
"""How a sentence begins that says nothing by itself."""
_SOME_FIRM = re.compile(
    r"\b[Tt]he (?:company|firm|corporation|business|organi[sz]ation|enterprise|institution|agency|bank|retailer|"
    r"airline|manufacturer|conglomerate|start-?up)\b"
)
"""Any of them, until somebody has named it."""
_THE = re.compile(r"\W*The\b")
DANGLES = "it points back to a sentence that is not shown"
UNNAMED = "it does not name what it is about, and the question asks about something else or several things"


def unclear(checked: Checked, question: Question, before: Collection[str], text_of: TextOf) -> str:
    """Say why a reader would not know whom a supported statement is about; empty where it is plain.

    `before` are the documents (ids) that bear out the statement shown just before: it goes on about what they told.
    Otherwise what the question names must be what the statement's documents speak of.
    """
    statement = checked.draft.text
    documents = {window.hit.document.id: window.hit.document for window in checked.draft.evidence}
    if documents.keys() <= set(before):
        return ""
    if _POINTS_BACK.match(statement):
        return DANGLES
    firm = _SOME_FIRM.search(statement)
    if _names(statement[: firm.start()] if firm else statement) or not (firm or _THE.match(statement)):
        return ""
    asked = [words for words in names_asked_for(question) if not all(word.isupper() for word in words)]
    if not asked:
        return UNNAMED if firm and before else ""
    texts = (f"{document.metadata.title or ''}\n{text_of(document)}" for document in documents.values())
    return "" if all(_speaks_of(text, asked) for text in texts) else UNNAMED


def _names(text: str) -> bool:
    """Whether a text names somebody; its first word has a capital letter anyhow."""
    names = (subject.split()[text.startswith(subject) :] for subject in subjects_of(text))
    return any(words_of(" ".join(words)) for words in names)


def _speaks_of(text: str, names: Collection[Collection[str]]) -> bool:
    return all(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for words in names for word in words)
