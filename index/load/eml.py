"""Mails: the body as text; subject, sender and date as metadata. Attachments are not read."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default as policy
from email.utils import parsedate_to_datetime

from index.errors import UnreadableFile
from index.load.compose import one_line
from index.load.decode import decode, sound
from index.load.formats import EML, shown
from index.records import Metadata, Reading

_HEADERS_LOOKED_AT = 64_000
_USUAL = (b"from:", b"to:", b"subject:", b"date:", b"message-id:", b"received:", b"return-path:", b"mime-version:")


def read(name: str, content: bytes) -> Reading:
    """Read a mail. Raises UnreadableFile for what is none, or has no text."""
    head = content[:_HEADERS_LOOKED_AT].lower()
    if not any(line.startswith(_USUAL) for line in head.splitlines()):
        raise UnreadableFile(f"{shown(name)} has no headers of a mail.", "Name it .txt if it is plain text.")
    mail = email.message_from_bytes(content.lstrip(b"\r\n"), policy=policy)
    if not isinstance(mail, EmailMessage):  # the policy's own kind
        raise UnreadableFile(f"{shown(name)} is no mail.", "Name it .txt if it is plain text.")
    body = mail.get_body(("plain", "html"))
    if body is None:
        raise UnreadableFile(f"{shown(name)} is a mail without text.", "Save its attachments as files of their own.")
    packed = body.get_payload(decode=True)
    content_bytes = packed if isinstance(packed, bytes) else b""
    if body.get_content_type() == "text/html":
        from index.load import html  # a large library, for mails that need it only

        page = html.read(name, content_bytes)
        return Reading(page.text, EML.reader, page.marks, _metadata(mail), EML.media_type)
    text = decode(name, content_bytes, body.get_content_charset()).strip("\n")
    return Reading(text, EML.reader, (), _metadata(mail), EML.media_type)


def _metadata(mail: EmailMessage) -> Metadata:
    published = _date(_header(mail, "date"))
    return Metadata(
        title=_header(mail, "subject"),
        author=_header(mail, "from"),
        published=published,
        published_from="metadata" if published else None,
    )


def _header(mail: EmailMessage, name: str) -> str | None:
    try:
        return sound(one_line(str(mail.get(name) or "")))[:500] or None
    except (ValueError, LookupError, AttributeError, TypeError):  # the standard parser stumbles over broken headers
        return None


def _date(stated: str | None) -> str | None:
    try:
        return parsedate_to_datetime(stated or "").date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
