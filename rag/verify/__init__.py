"""Check every statement against the text it cites, before it is shown."""

from rag.verify.quotes import Checked, TextOf, check_quotes
from rag.verify.statements import NOT_CHECKED, Evidence, Judge, Verifier

__all__ = ["NOT_CHECKED", "Checked", "Evidence", "Judge", "TextOf", "Verifier", "check_quotes"]
