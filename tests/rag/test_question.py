from __future__ import annotations

import pytest

from rag.question import Expects, aside, subjects_of, understand

HELLO, WELCOME, BYE, ABOUT = "Hello!", "You are welcome", "Goodbye!", "I am Dossier"


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        *[(one, HELLO) for one in ("hi", "Hello!", "Hello there", "Good morning.", "Guten Tag", "Hallo!", "Moin")],
        *[(one, HELLO) for one in ("Hi, how are you?", "How are you?", "Guten Abend!", "hello Dossier", "Wie geht's?")],
        *[(one, WELCOME) for one in ("thanks", "Thank you so much!", "OK, thanks", "great, thank you!", "thx", "ok")],
        *[
            (one, WELCOME)
            for one in (
                "Danke",
                "danke schön",
                "Vielen Dank!",
                "Dankeschön!",
                "Danke für deine Hilfe",
                "Danke dir",
                "Super, danke!",
                "got it",
            )
        ],
        *[(one, BYE) for one in ("bye", "Goodbye!", "Tschüss", "Bis bald!", "Auf Wiedersehen")],
        *[
            (one, ABOUT)
            for one in ("What can you do?", "what can you do for me", "Who are you?", "help", "How do you work?")
        ],
        *[
            (one, ABOUT)
            for one in (
                "Hello, what can you do?",
                "Was kannst du?",
                "Wer bist du?",
                "Are you a robot?",
                "Hilfe!",
                "What is Dossier?",
            )
        ],
    ],
)
def test_small_talk_is_answered_kindly(said: str, reply: str) -> None:
    answer = aside(said)
    assert answer
    assert answer.startswith(reply)


@pytest.mark.parametrize(
    "said",
    """hello, who is the mayor?|Thanks, and who is the mayor?|Who is Anna?|Help with the bridge|What can the mayor do?|
    Good Friday|thank the mayor|What is hello?|Who are the bidders?|?|...|Hallo, wer ist der Bürgermeister?|
    Danke an wen?|Who made the bridge?|Was machst du mit dem Turm?|
    How does the bridge work?|bye-elections""".split("|"),
)
def test_a_question_is_no_small_talk(said: str) -> None:
    assert aside(said.strip()) is None


def test_how_it_works_is_asked_of_dossier_only_at_first() -> None:
    assert aside("How does this work?")
    assert aside("How does this work?", first=False) is None
    assert aside("Thanks!", first=False)


@pytest.mark.parametrize(
    ("text", "expects"),
    [
        ("Who led the harbour authority?", "person"),
        ("When did Pell resign?", "time"),
        ("In which year was it built?", "time"),
        ("How much did it cost?", "number"),
        ("What percentage voted for it?", "number"),
        ("What will the bridge have cost when it is finished?", "number"),
        ("What was the final price?", "number"),
        ("What is the cause of the delay?", "thing"),
        ("Where is Kolmere?", "place"),
        ("Why did she quit?", "reason"),
        ("Which firms made an offer?", "list"),
        ("Summarise the report.", "summary"),
        ("How do the two offers differ?", "comparison"),
        ("Did the council approve it?", "yes_no"),
        ("What is a lift bridge?", "thing"),
        ("How many people were hurt when the block fell?", "number"),
        ("Since when has it been open?", "time"),
        ("In that case, when did it open?", "time"),
        ("Wer hat den Turm gebaut?", "person"),
        ("Wann wurde er gebaut?", "time"),
        ("Wie viele Stufen hat er?", "number"),
        ("Warum ist er geschlossen?", "reason"),
    ],
)
def test_the_kind_of_answer_is_seen(text: str, expects: Expects) -> None:
    assert understand(text).expects == expects


def test_names_are_read_as_written() -> None:
    assert subjects_of("What did Doran Pell's lawyer say to the Harbour Ledger?") == ("Doran Pell", "Harbour Ledger")
    assert subjects_of("How much did Castell & Brane bid?") == ("Castell & Brane",)
    assert subjects_of("Who won?") == ()
    assert subjects_of("Wer ist Anna Lund?") == ("Anna Lund",)
    assert subjects_of("Wie alt ist sie?") == ()


def test_a_name_ends_with_its_sentence_and_an_opening_word_is_none() -> None:
    assert subjects_of("Compare Castell Inc. and Brane Co. Which company earned more?") == ("Castell Inc", "Brane Co")
    assert subjects_of("Based on what Doran Pell said, who was late?") == ("Doran Pell",)


def test_shouting_is_calmed_and_acronyms_are_kept() -> None:
    assert understand("WHO WON THE CONTRACT FOR THE BRIDGE?").text == "Who won the contract for the bridge?"
    assert understand("WHAT IS NATO?").text == "WHAT IS NATO?"
    assert understand("Who leads the EU?").text == "Who leads the EU?"
