from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers import Turn
from rag.follow_up import is_first, standalone


def talk(*said: str) -> tuple[Turn, ...]:
    """Questions and answers in turn; an answer begins with `=`."""
    return tuple(Turn("assistant", one[1:]) if one.startswith("=") else Turn("user", one) for one in said)


COST = talk("What does the bridge cost?", "=It costs 318.4 million crowns. [1]")
BUILT = talk("When was the bridge built?", "=In 1931. [1]")
LED = talk("Who led the harbour authority?", "=Doran Pell led the harbour authority until October 2024. [1]")
BID = talk("How much did Varnholt Bridgeworks bid?", "=318.4 million crowns. [1]")
FIRE = talk("Tell me about the harbour fire.", "=A fire broke out in the harbour. [1]")
FELL = talk("What happened on 18 September 2024?", "=A block fell and four people were hurt. [1]")
FIRMS = talk("Which companies bid for the bridge?", "=Varnholt, Castell & Brane and Orrin. [1]")
MAYOR = talk(
    "Who is the mayor of Brennick?", "=Tove Rusk is the mayor. [1]", "When did she step down?", "=In January. [2]"
)

FOLLOW_UPS = [
    # a bare asking word
    (BUILT, "Why?", "Why was the bridge built?"),
    (BUILT, "And why?", "Why was the bridge built?"),
    (BUILT, "Where exactly?", "Where was the bridge built?"),
    (BUILT, "By whom?", "By whom was the bridge built?"),
    (talk("Did the council approve the bridge?"), "Why not?", "Why didn't the council approve the bridge?"),
    (talk("How much did the bridge cost?"), "Why so much?", "How much did the bridge cost, and why so much?"),
    (LED, "Since when?", "Who led the harbour authority, and since when?"),
    (talk("When was the contract signed?", "And by whom?", "Where?"), "Why?", "Why was the contract signed?"),
    # another time
    (talk("How many were hurt in 2022?"), "And in 2023?", "How many were hurt in 2023?"),
    (talk("How many were hurt in the storm?"), "In 2023?", "How many were hurt in the storm in 2023?"),
    (talk("What was the growth of trade in 2022?"), "What about 2023?", "What was the growth of trade in 2023?"),
    (talk("How much did trade grow from 2020 to 2022?"), "and last year?", "How much did trade grow last year?"),
    # another name or thing
    (COST, "And the tunnel?", "What does the tunnel cost?"),
    (COST, "What about safety?", "What does the bridge cost, and what about safety?"),
    (COST, "How about its maintenance?", "What about the bridge's maintenance?"),
    (BID, "And Castell & Brane?", "How much did Castell & Brane bid?"),
    (BID, "What about the other two bidders?", "How much did the other two bidders bid?"),
    (
        talk("What did the minister say about the port?"),
        "And the president?",
        "What did the president say about the port?",
    ),
    (
        talk("What does the report say about the alarm?"),
        "And about the crane?",
        "What does the report say about the crane?",
    ),
    (talk("What is the population of Kolmere?"), "And of Brennick?", "What is the population of Brennick?"),
    (LED, "What about his predecessor?", "What about Doran Pell's predecessor?"),
    (talk("When did Doran Pell resign?"), "What about his deputy?", "When did Doran Pell's deputy resign?"),
    (talk("Was kostet die Brücke?"), "Und der Tunnel?", "Was kostet der Tunnel?"),
    # pronouns
    (LED, "When did he resign?", "When did Doran Pell resign?"),
    (LED, "Who was his predecessor?", "Who was Doran Pell's predecessor?"),
    (MAYOR, "Why?", "Why did Tove Rusk step down?"),
    (MAYOR, "Who succeeded her?", "Who succeeded Tove Rusk?"),
    (COST, "When will it be finished?", "When will the bridge be finished?"),
    (talk("How does photosynthesis work?"), "Does it need light?", "Does photosynthesis need light?"),
    (talk("What caused the delay?"), "Did that cost money?", "Did the delay cost money?"),
    (talk("What is the population of Kolmere?"), "Why is it growing?", "Why is the population of Kolmere growing?"),
    (FIRMS, "Which of them won?", "Which of the companies that bid for the bridge won?"),
    (FIRE, "When did it start?", "When did the harbour fire start?"),
    (
        talk("Did the deputy mayor resign?", "=Yes. Agathe Rusk resigned in January. [1]"),
        "When had she been appointed?",
        "When had Agathe Rusk been appointed?",
    ),
    (
        talk("Who runs the port?", "=Ms Rusk runs it. Doran Pell is its chairman. [1]"),
        "When was he born?",
        "When was Doran Pell born?",
    ),
    (
        talk("Who won the contract?", "=It went to Varnholt Bridgeworks, the lowest bidder. [1]"),
        "How many people work for it?",
        "How many people work for Varnholt Bridgeworks?",
    ),
    (
        talk("Who won the contract?", "=It went to Varnholt Bridgeworks, the lowest bidder. [1]"),
        "When was it signed?",
        "When was the contract signed?",
    ),
    # one of several, and part of an amount
    (
        talk("What came of the first weld inspection, at the yard?", "=37 were faulty. [1]"),
        "And what did the second one find?",
        "What did the second weld inspection find?",
    ),
    (COST, "And the old one?", "What does the old bridge cost?"),
    (
        talk("How much is the city claiming?", "=96 million crowns. [1]"),
        "How much of that is for delay?",
        "How much is the city claiming, and how much of that is for delay?",
    ),
    # what leans without a pronoun, or on no name
    (FIRMS, "Who won?", "Which companies bid for the bridge, and who won?"),
    (FELL, "Was there an alarm?", "What happened on 18 September 2024, and was there an alarm?"),
    (FELL, "Were they employees?", "What happened on 18 September 2024, and were they employees?"),
    # the same again
    (FIRE, "Tell me more about it.", "Tell me about the harbour fire."),
    (COST, "Are you sure?", "What does the bridge cost?"),
    (COST, "Which source says so?", "What does the bridge cost?"),
    # small talk in between
    ((*COST, *talk("Thanks!", "=You are welcome.")), "When will it open?", "When will the bridge open?"),
    (talk("hello", "=Hello! Ask me about your documents."), "Why?", "Why?"),
]

STAY_AS_THEY_ARE = [
    "Who is the mayor of Brennick?",
    "How many trams run on weekdays in Kolmere?",
    "When was the Treaty of Rome signed?",
    "What are the causes of inflation?",
    "What is inflation?",
    "What is one advantage of solar power?",
    "Which countries are both large and poor?",
    "How long does it take to cross the strait?",
    "Is it true that the minister resigned?",
    "When did Anna Rusk say she would resign?",
    "Who owns the firm that built the tunnel?",
    "What happened in Odessa this year?",
    "Are there trams in the city centre?",
]


@pytest.mark.parametrize(
    ("history", "question", "wanted"), FOLLOW_UPS, ids=[row[1] + row[2][-20:] for row in FOLLOW_UPS]
)
def test_a_follow_up_stands_alone(history: tuple[Turn, ...], question: str, wanted: str) -> None:
    assert standalone(question, history) == wanted


@pytest.mark.parametrize("question", STAY_AS_THEY_ARE)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    for history in ((), COST, LED, FELL):
        assert standalone(question, history) == question


def test_only_the_opening_goes_where_the_rest_stands_alone() -> None:
    assert standalone("And who is the mayor of Brennick?", COST) == "Who is the mayor of Brennick?"


def test_the_topic_is_kept_over_a_long_conversation_and_nothing_grows() -> None:
    history = COST
    for _ in range(12):
        history += talk(
            "Was there an alarm?", "=Nobody heard one. [1]", "Tell me more", "=Nobody did. [1]", "ok", "=Fine."
        )
    assert standalone("When will it open?", history) == "When will the bridge open?"
    assert standalone("Who won?", history) == "What does the bridge cost, and who won?"


def test_small_talk_begins_nothing() -> None:
    assert is_first(talk("hello", "=Hello!", "thanks"))
    assert not is_first(talk("hello", "=Hello!", "Who is the mayor?"))


def test_long_hostile_conversations_take_no_time() -> None:
    begun = time.process_time()
    for piece in ("in in ", "the ", "that ", "it ", "Of The ", "please tell me ", "2020 ", "?! ", "a" * 50, "Ab " * 2):
        long = (piece * 8000)[:8000]
        standalone("And it?", talk(*[long, f"={long}"] * 5))
    standalone("And he?", talk(*["Who met Anna Bell?", "=Doran Pell met Mr Jan Oster, and he left. " * 40] * 100))
    assert time.process_time() - begun < 10


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=4))
def test_no_text_is_too_odd(question: str, before: list[str]) -> None:
    assert standalone(question, [Turn("user", one) for one in before]) or not question.strip()
