"""Check every statement against the text it cites, before it is shown."""

from rag.verify.quotes import Checked, TextOf, check_quotes
from rag.verify.statements import NOT_CHECKED, Judge, Verifier

__all__ = ["NOT_CHECKED", "Checked", "Judge", "TextOf", "Verifier", "check_quotes"]
