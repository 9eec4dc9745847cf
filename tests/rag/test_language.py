from __future__ import annotations

import pytest

from rag.language import english_only, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wer hat den Leuchtturm entworfen?", "German"),
        ("Qui est le maire de la ville?", "French"),
        ("¿Quién es el alcalde de la ciudad?", "Spanish"),
        ("Wie is de burgemeester van het dorp?", "Dutch"),
        ("Кто построил этот мост?", "a script that is not Latin"),
        ("Who designed the lighthouse in Den Haag?", None),
        ("Leuchtturm", None),
        ("What is in the will of Mr O de la Cruz?", None),
        ("26% 1999?", None),
        ("", None),
    ],
)
def test_the_language_of_a_question_is_seen(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_the_name_of_a_model_tells_whether_it_knows_english_only() -> None:
    assert english_only("bge-small-en-v1.5")
    assert english_only("all-MiniLM-L6-v2")
    assert not english_only("intfloat/multilingual-e5-small")
    assert not english_only("paraphrase-multilingual-MiniLM-L12-v2")
    assert not english_only("fake")
