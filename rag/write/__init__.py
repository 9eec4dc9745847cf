"""Answers by a language model: choosing it, prompting it, listening to it."""

from rag.write.budget import Budget
from rag.write.chat import Chat
from rag.write.choosing import Choice, choice_of
from rag.write.excerpts import Excerpt, excerpts
from rag.write.found import found
from rag.write.sentences import Said, Sentences

__all__ = ["Budget", "Chat", "Choice", "Excerpt", "Said", "Sentences", "choice_of", "excerpts", "found"]
