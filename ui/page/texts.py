"""The words of the page, in one place."""

from __future__ import annotations

from rag.answers import Standing

NAME = "Dossier"
PROMISE = "Answers from your documents, with proof"
ASK = "Ask about your documents"
NO_PASSAGES = "Ask something, then follow a number: the passage that proves the sentence is shown here."
ASIDE_PASSAGES = "That reply is not about your documents, so there is nothing to prove."
NO_DOCUMENTS = "No documents yet. Drop files here, or choose them above."
WELCOME = "What would you like to know?"
WELCOME_EMPTY = "Begin with your documents"
EMPTY_DOSSIER = (
    "Drop articles, reports or notes anywhere on this page. Then ask: each sentence of an answer shows the words that "
    "prove it."
)
STOPPED = "You stopped this answer."
BROKEN = "Something went wrong inside Dossier. The server's log has the details; your documents are safe."
SEARCHING = "Searching"
DECLINED = "These documents do not answer the question."
NEAREST = "The nearest passages, which do not answer it"

STANDINGS: dict[Standing, tuple[str, str, str]] = {
    "grounded": ("✓", "Proved", "Every sentence was checked against the passages it cites."),
    "partly_grounded": ("◐", "Proved in part", "Some of it is not told by the documents; see below."),
    "ungrounded": ("△", "Not proved", "No passage supports these sentences."),
    "declined": ("∅", "Not in these documents", "What is missing is named below."),
    "aside": ("", "", ""),
}
"""For each standing its sign, its words, and what they mean."""

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

DATED_BY = {"file_name": "date from the file's name", "text": "date from the text"}
"""How far a date can be trusted, where that is worth saying."""
