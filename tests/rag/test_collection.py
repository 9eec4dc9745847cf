from __future__ import annotations

from datetime import date

import pytest

from rag.collection import Request, publisher_named, request_of, titled

TODAY = date(2025, 4, 20)


def asked(question: str) -> Request:
    request = request_of(question, TODAY)
    assert request, question
    return request


@pytest.mark.parametrize(
    ("question", "wish", "subject"),
    [
        ("Which articles mention Anna Bell?", "mentions", "Anna Bell"),
        ("In which documents is Anna Bell mentioned?", "mentions", "Anna Bell"),
        ("Show me all articles about the harbour.", "mentions", "the harbour"),
        ("is Anna Bell mentioned anywhere", "mentions", "Anna Bell"),
        ("Welche Artikel erwähnen Anna Bell?", "mentions", "Anna Bell"),
        ("How many documents are there?", "count", ""),
        ("how many articles mention “Anna Bell”?", "count", "Anna Bell"),
        ("Wie viele Dokumente gibt es?", "count", ""),
        ("What's new?", "new", ""),
        ("Was ist neu?", "new", ""),
        ("List the publishers.", "voices", ""),
        ("Which sources are there?", "voices", ""),
        ("Which newspapers mention the siren?", "voices", "the siren"),
        ("What is the latest on the strike?", "latest", "the strike"),
        ("latest news about the strike", "latest", "the strike"),
        ("Which is the oldest document?", "oldest", ""),
        ("What was the first article about the strike?", "oldest", "the strike"),
        ("What is the newest report?", "newest", ""),
        ("List all documents", "listed", ""),
        ("Which documents do you have?", "listed", ""),
        ("Summarise everything about the strike.", "summary", "the strike"),
        ("Fasse alles über den Streik zusammen", "summary", "den Streik"),
    ],
)
def test_questions_about_the_collection_are_seen(question: str, wish: str, subject: str) -> None:
    request = asked(question)
    assert (request.wish, request.subject) == (wish, subject)


def test_who_and_when_are_kept_apart_from_what() -> None:
    wrote = asked("What did the Harbour Post write about the strike in 2024?")
    assert (wrote.wish, wrote.publisher, wrote.subject) == ("wrote", "the Harbour Post", "the strike")
    assert wrote.period
    assert wrote.period.start == "2024-01-01"
    assert asked("Who are the authors?").voices == "author"
    assert asked("What was added today?").added
    assert not asked("What was published in March 2025?").added


@pytest.mark.parametrize(
    ("question", "scope"),
    [
        ("Summarise this document", "one"),
        ("Can you summarize the article?", "one"),
        ("What is this dossier about?", "all"),
        ("Give me a short overview of the documents", "all"),
        ("Summarise “Harbour strike ends”", "titled"),
    ],
)
def test_what_a_summary_is_of(question: str, scope: str) -> None:
    assert asked(question).scope == scope


@pytest.mark.parametrize(
    "question",
    """Who wrote the memo?|How many people were hurt?|What happened?|Which company won the contract?|When was it built?|
    What is the most recent estimate of the cost?|How many reports of damage did the town receive in May?|
    Which article of the treaty forbids it?|What are the sources of the river?|What did the mayor announce?|
    What new evidence was found?|Who published the figures first?|List the bidders and their prices.""".split("|"),
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert request_of(question.strip(), TODAY) is None


def test_a_publisher_is_known_by_its_name_or_the_part_that_only_it_has() -> None:
    known = {"Harbour Post", "Evening Post", "Kolm Ledger"}
    assert publisher_named("the Kolm Ledger", known) == "Kolm Ledger"
    assert publisher_named("the Ledger", known) == "Kolm Ledger"
    assert publisher_named("the Harbor Post", known) == "Harbour Post"
    assert publisher_named("the Post", known) is None
    assert publisher_named("Anna Bell", known) is None


def test_a_title_is_known_though_one_letter_is_wrong() -> None:
    titles = ["Harbour strike ends", "Harbour strike begins"]
    assert titled("harbor strike ends", titles) == "Harbour strike ends"
    assert titled("the strike", titles) is None
