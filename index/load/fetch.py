"""A web address becomes a source: fetched with limits, from public addresses only, and named by its type."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from email.message import Message
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpcore
import httpx

from index.errors import BadInput, TooLarge, UnreadableFile
from index.load.feed import looks_like_feed
from index.load.formats import FORMATS, HTML, Format, shown
from index.load.network import Allows, PublicTransport, Resolver, is_public, resolve
from index.records import Source

if TYPE_CHECKING:
    from index.config import IndexConfig

_MOST_REDIRECTS = 5
_SECONDS = 20.0
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HEADERS = {
    "User-Agent": "Dossier",
    "Accept": "text/html, application/pdf, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_PIECE = 65_536
_OTHER_TYPES = {"application/xhtml+xml": "html", "text/x-markdown": "md"}
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_HINT = "Open it in a browser, save it, and add the file."


def fetch(
    url: str,
    config: IndexConfig,
    *,
    seconds: float = _SECONDS,
    resolver: Resolver = resolve,
    allows: Allows = is_public,
) -> Source:
    """Fetch a page or file. Raises BadInput, Refused, TooLarge or UnreadableFile.

    The host is resolved once at each hop and the connection pinned to what was checked. No proxy, cookie, password or
    key of this machine takes part. The address of the source is the URL that was asked for.
    """
    asked = _checked(url)
    limit = config.max_file_mb * 1_000_000
    transport = PublicTransport(time.monotonic() + seconds, resolver, allows)
    try:
        with httpx.Client(transport=transport, trust_env=False, headers=_HEADERS) as client:
            answer, content = _followed(client, asked, limit)
    except (httpcore.TimeoutException, httpx.TimeoutException) as error:
        raise UnreadableFile(f"{shown(url)} did not answer in full within {seconds:g} s.", _HINT) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError) as error:
        raise UnreadableFile(f"{shown(url)} could not be fetched ({str(error)[:100]}).", _HINT) from error
    known, charset = _kind(answer, content)
    return Source(_name(answer.url, known), str(asked), _as_utf8(content, known, charset))


def page_of(url: str) -> Source:
    """Name a page that is to be fetched later; what is no web address will fail by its name."""
    try:
        address = str(_checked(url))
    except BadInput:
        address = url.strip()
    return Source(address, address)


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
        parsed = parsed.copy_with(fragment=None, raw_path=parsed.raw_path)  # the path is "/" where none is written
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise BadInput(f"{shown(url)} is not a web address ({str(error)[:80]}).", "Check it.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise BadInput(f"{shown(url)} is not an http or https address.", "Other kinds are not fetched.")
    if not _HOST.fullmatch(parsed.raw_host) or not 0 < (parsed.port or 80) < 65536:
        raise BadInput(f"{shown(url)} names an impossible host or port.", "Check it.")
    if parsed.userinfo:
        raise BadInput(f"{shown(parsed.host)} is asked for with a name or password in the address.", "Leave it out.")
    return parsed


def _followed(client: httpx.Client, url: httpx.URL, limit: int) -> tuple[httpx.Response, bytes]:
    """Follow redirects, checking each address like the first."""
    hops = 0
    while True:
        answer = client.send(client.build_request("GET", url), stream=True)
        try:
            target = answer.headers.get("location")
            if answer.status_code not in _REDIRECTS or not target:
                return answer, _body(answer, limit)
        finally:
            answer.close()
        hops += 1
        if hops > _MOST_REDIRECTS:
            raise UnreadableFile(f"{shown(str(url))} leads on more than {_MOST_REDIRECTS} times.", _HINT)
        url = _checked(str(_joined(url, target)))


def _joined(url: httpx.URL, target: str) -> httpx.URL:
    try:
        return url.join(target)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise UnreadableFile(f"{shown(str(url))} leads to {shown(target)}, which is no address.", _HINT) from error


def _body(answer: httpx.Response, limit: int) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise UnreadableFile(
            f"{shown(str(answer.url))} answered {answer.status_code} {answer.reason_phrase}.", "Check the address."
        )
    pieces: list[bytes] = []
    size = 0
    for piece in _unpacked(answer):  # what a compressed answer claims to be does not count
        size += len(piece)
        if size > limit:
            raise TooLarge(f"{shown(str(answer.url))} has more than {limit:,} bytes.", "Raise max_file_mb.")
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(answer: httpx.Response) -> Iterator[bytes]:
    """Unpack an answer in small pieces: httpx would unpack each whole, and packings inside packings."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding == "identity":
        yield from answer.iter_raw()
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableFile(f"{shown(str(answer.url))} is packed as {shown(coding)}, which was not asked for.", _HINT)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either kind, by its first bytes
    try:
        for packed in answer.iter_raw():
            left = packed
            while left and not unpacker.eof:
                yield unpacker.decompress(left, _PIECE)
                left = unpacker.unconsumed_tail
        while held := unpacker.decompress(b"", _PIECE):
            yield held
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from error
    if not unpacker.eof:
        raise httpx.DecodingError("it ends too early")


def _kind(answer: httpx.Response, content: bytes) -> tuple[Format, str | None]:
    """Tell the format by the first bytes, the stated type and the address's ending, in this order."""
    header = Message()
    header["content-type"] = answer.headers.get("content-type") or "application/octet-stream"
    stated = header.get_content_type()
    ending = PurePosixPath(answer.url.path).suffix.lower()
    if looks_like_feed(content):
        return HTML, None  # whoever asked looks for the pages that it lists
    for known in FORMATS:
        if known.name == "pdf" and content.startswith(b"%PDF-"):
            return known, None
    by_ending = next((known for known in FORMATS if ending in known.endings), None)
    by_type = next((known for known in FORMATS if stated == known.media_type), None)
    by_type = by_type or next((known for known in FORMATS if known.name == _OTHER_TYPES.get(stated)), None)
    # servers call Markdown and anything unknown plain text or a stream of bytes
    known_format = by_ending if stated in ("text/plain", "application/octet-stream") and by_ending else by_type
    if known_format is None:
        raise UnreadableFile(f"{shown(str(answer.url))} is of type {stated!r}, which no reader knows.", _HINT)
    return known_format, header.get_content_charset()


def _name(url: httpx.URL, known: Format) -> str:
    """Name a source by the last part of its path, with the ending of its format."""
    path = url.raw_path.decode("ascii").partition("?")[0]
    last = re.sub(r"[\x00-\x1f\x7f/\\]", "_", unquote(path.rsplit("/", 1)[-1]))[:150] or url.host
    return last if last.lower().endswith(known.endings) else last + known.endings[0]


def _as_utf8(content: bytes, known: Format, charset: str | None) -> bytes:
    """Write down the encoding that only the answer's header states, where the bytes will be read."""
    if charset is None or known.name not in ("html", "txt", "md"):
        return content
    try:
        text = content.decode(charset)
    except (LookupError, UnicodeError, ValueError):
        return content
    return content if charset.lower() in ("utf-8", "utf8") else text.encode("utf-8-sig", errors="replace")
