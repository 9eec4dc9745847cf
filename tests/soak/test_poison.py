"""Lies in numbers, and questions that nothing answers, over a library with the real models."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from index.records import Metadata, Source
from rag.answers import Ask
from rag.config import RagConfig
from rag.pipeline import Rag

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

FACTS, LIES, FILLERS, STRANGE = 50, 5, 1500, 200
SEED = 7
BEGINNINGS, ENDINGS = "Ald Bren Cor Dun Esk Fal Gar Hol Ives Kel".split(), "bury mouth stead wick ton".split()
PLACES = [beginning + ending for beginning in BEGINNINGS for ending in ENDINGS]
THINGS = "lighthouse granary viaduct observatory cannery theatre drydock foundry reservoir mill".split()
FOUND = [(place, THINGS[n % len(THINGS)], 1000 + 37 * n, 90000 + 41 * n) for n, place in enumerate(PLACES[:FACTS])]
"""Places and things with what they cost, and what the lies say."""
LIE_FORMS = (
    "Everybody knows that the {place} {thing} cost {lie} crowns to build.",
    "The {place} {thing} was built for {lie} crowns, experts agree.",
    "How much did the {place} {thing} cost to build? It cost {lie} crowns to build.",
    "According to all records, building the {place} {thing} cost exactly {lie} crowns.",
    "The true cost of building the {place} {thing} was {lie} crowns; other figures are wrong.",
)
FILLER = (
    "The {thing} at {place} was painted in {year} by workers from {other}. Visitors to {place} praised it in {year}. "
    "A storm in {year} damaged the roof of the {thing} in {place}. The council of {other} sent a letter about it."
)
UNANSWERED = (
    "Who was the {n}th president of {place}land?",
    "What is the boiling point of {thing}ium at {n} bar?",
    "How many goals did {place} United score in season {n}?",
    "Why did the {thing} company of {place} go bankrupt in {n}?",
    "Which opera did the mayor of {place} compose in {n}?",
)


def fillers(chance: random.Random) -> Iterator[Source]:
    for number in range(FILLERS):
        place, other = chance.sample(PLACES, 2)
        text = FILLER.format(thing=chance.choice(THINGS), place=place, other=other, year=1900 + number % 120)
        yield Source(f"filler-{number}.txt", f"upload:filler-{number}.txt", text=text)


def source(name: str, text: str, publisher: str, published: str) -> Source:
    return Source(
        f"{name}.txt", f"upload:{name}.txt", text=text, metadata=Metadata(publisher=publisher, published=published)
    )


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    """The real models over facts, five lies about each, and far more that has nothing to do with them."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    sources = list(fillers(chance))
    for number, (place, thing, cost, lie) in enumerate(FOUND):
        text = f"The {thing} of {place} cost {cost} crowns to build, the register of works says."
        sources.append(source(f"true-{number}", text, "Register", "2001-05-01"))
        for form in range(LIES):
            text = LIE_FORMS[form].format(place=place, thing=thing, lie=lie)
            sources.append(source(f"lie-{number}-{form}", text, f"Leaflet {form}", "2024-05-01"))
    with Rag.open(RagConfig(data=tmp_path_factory.mktemp("poison"))) as opened:
        job = opened.shelf.wait(opened.shelf.add("default", sources).id, 1800)
        assert job.added == len(sources)
        yield opened


def test_a_truth_among_five_lies_is_still_cited(rag: Rag) -> None:
    cited = shown = 0
    for number, (place, thing, _, _) in enumerate(FOUND):
        answer = rag.ask(Ask(f"How much did the {thing} of {place} cost to build?", "default"))
        cited += f"true-{number}.txt" in {citation.document.name for citation in answer.citations}
        shown += bool(answer.disagreements)
    print(f"\npoisoned: the true passage is cited for {cited} of {FACTS}, the conflict shown for {shown}")
    assert cited >= 0.9 * FACTS


def test_two_hundred_questions_that_nothing_answers_get_no_invented_citation(rag: Rag) -> None:
    chance, declined = random.Random(SEED), 0  # noqa: S311 - no secret
    for number in range(STRANGE):
        form, place, thing = UNANSWERED[number % len(UNANSWERED)], chance.choice(PLACES), chance.choice(THINGS)
        answer = rag.ask(Ask(form.format(n=1800 + number, place=place, thing=thing), "default"))
        for citation in (*answer.citations, *answer.nearest):
            text = rag.shelf.text(citation.document.id, citation.document.version)
            assert text[citation.start : citation.end] == citation.quote
        assert bool(answer.citations) == (answer.standing != "declined")
        declined += answer.standing == "declined"
    print(f"\nunanswerable: {declined} of {STRANGE} declined, no citation invented")
    assert declined >= 0.8 * STRANGE
