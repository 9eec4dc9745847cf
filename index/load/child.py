"""The child process that parses: one file after the other from its input, answers as JSON on its output.

It may not reach the network, start programs or write files; memory and processor time are limited for each file.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import struct
import sys
from dataclasses import asdict
from typing import IO, Any

from index.errors import UnreadableFile
from index.load.formats import FORMATS, PDF, shown

_FORBIDDEN = frozenset(
    (
        "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
        "socket.sendto", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
        "os.forkpty", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.kill",
        "pickle.find_class",
    )
)  # fmt: skip
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READERS = frozenset(known.name for known in FORMATS)


def serve() -> None:
    """Answer requests until the input ends, which it does when the parent ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse)
    gc.disable()  # it triples the time of large trees; each file is cleared away at once
    while head := requests.read(4):
        request = json.loads(_exactly(requests, struct.unpack("!I", head)[0]))
        content = _exactly(requests, request["size"])
        _limit(request["memory"], request["seconds"])
        answer = _answer(request, content)
        answers.write(struct.pack("!Q", len(answer)))
        answers.write(answer)
        answers.flush()
        gc.collect()
        gc.freeze()  # what is left is here to stay, and need not be looked through again


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN or (event == "open" and (arguments[2] or 0) & _TO_WRITE):
        raise PermissionError(f"a parser tried {event}")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        sys.exit(0)  # the parent has ended
    return content


def _limit(memory: int, seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))


def _answer(request: dict[str, Any], content: bytes) -> bytes:
    try:
        return json.dumps(_view(request, content) if "view" in request else _read(request, content)).encode()
    except UnreadableFile as error:
        answer: dict[str, object] = {"refused": [error.message, error.hint]}
    except MemoryError:
        answer = {"failed": "it needs too much memory"}
    except RecursionError:
        answer = {"failed": "it is nested too deeply"}
    except Exception as error:  # a parser may raise anything; the file is at fault, and the next one is read
        answer = {"failed": f"the parser gave up ({type(error).__name__}: {str(error)[:200]!r})"}
    return json.dumps(answer).encode()


def _view(request: dict[str, Any], content: bytes) -> dict[str, object]:
    from index.load import pdf_view  # only who looks at pages needs it

    wish = request["view"]
    if wish["what"] == "sizes":
        return {"seen": pdf_view.sizes(content)}
    if wish["what"] == "boxes":
        return {"seen": pdf_view.boxes(content, wish["pages"], wish["quote"], wish["before"])}
    return {"seen": pdf_view.picture(content, wish["page"], wish["width"]).hex()}


def _read(request: dict[str, Any], content: bytes) -> dict[str, object]:
    name, reader, most_characters = request["name"], request["reader"], request["characters"]
    if reader not in _READERS:
        raise ValueError(reader)
    read = importlib.import_module(f"index.load.{reader}").read
    if reader == PDF.name:
        from index.load.recognise import Pictures  # brings the PDF library with it

        try:
            reading = read(name, content, request["languages"], request["pictures"])
        except Pictures as wanted:
            return {"pictures": wanted.pages}
    else:
        reading = read(name, content)
    if len(reading.text) > most_characters:
        raise UnreadableFile(
            f"{shown(name)} holds {len(reading.text):,} characters of text; at most {most_characters:,} are read.",
            "Split it, or raise max_file_mb.",
        )
    return {"reading": asdict(reading)}
