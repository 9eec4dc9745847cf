"""See which language a question is in, and say where the models do not know it."""

from __future__ import annotations

import re
import unicodedata

_COMMON = {
    "German": """der die das und ist nicht ein eine einen wer wie wo wann warum wurde wurden hat haben für mit von
        auf über im zu was welche welcher viele kostet sind den dem""",
    "French": """le la les des et est une un qui que quoi quand pourquoi dans pour avec sur combien quel quelle du au
        il elle ont""",
    "Spanish": """el la los las y es una un que quién qué cuándo por para con en cuánto cuál del al son está fue""",
    "Italian": """il lo la gli le e è una un chi che cosa quando perché per con nel della quanto quale sono di ha""",
    "Dutch": """de het een en is niet wie wat wanneer waarom hoe van voor met op over zijn welke hoeveel werd heeft""",
    "Portuguese": """o a os as e é uma um quem que quando por para com em quanto qual do da são foi não""",
    "English": """the of and is are was were what who when where why how which did does do has have in on for to a an
        it that much many with from by""",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH_ONLY = re.compile(r"(?:^|[-_/])en(?:[-_.]|$)|english|all-minilm|all-mpnet|ms-marco", re.IGNORECASE)


def language_of(text: str) -> str | None:
    """Name the language of a question; None where it may well be English, or is too short to tell."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    if letters and latin < len(letters) / 2:
        return "a script that is not Latin"
    words = {word.casefold() for word in _WORD.findall(text)}
    common = {language: len(words & known) for language, known in _WORDS.items()}
    best = max(common, key=lambda language: common[language])
    return best if common[best] >= 2 and common[best] > common["English"] else None


def english_only(model: str) -> bool:
    """Whether an embedding model of that name knows English only, as far as names tell."""
    return _ENGLISH_ONLY.search(model) is not None and "multilingual" not in model.casefold()
