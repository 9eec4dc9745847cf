from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.load import sandbox
from index.load.formats import MD, MOST_PICTURES
from index.load.sandbox import Sandbox

Patched = Callable[..., Sandbox]


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patched]:
    """Make sandboxes whose Markdown reader is replaced by Python code with `name` and `content` at hand."""
    made: list[Sandbox] = []

    def make(code: str, **limits: int) -> Sandbox:
        body = "".join(f"    {line}\n" for line in code.splitlines())
        reader = (
            "import index.load.md as md\nfrom index.records import Reading\nstate = []\n"
            f"def read(name, content):\n{body}    return Reading(content.decode(), 'md-1')\nmd.read = read\n"
        )
        start = "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"
        monkeypatch.setattr(sandbox, "_START", f"{start}{reader}from index.load.child import serve; serve()")
        made.append(Sandbox(**limits))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _read(box: Sandbox, content: bytes = b"text") -> str:
    return box.read("a.md", MD, content, 1000).text


@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [
        ("import os, signal, ctypes; ctypes.string_at(0)", {}, r"crashed its parser \(SIG(SEGV|BUS)\)"),
        ("import os; os._exit(3)", {}, "ended with code 3"),
        ("while True: pass", {"seconds": 1}, "took its parser more than 1 s"),
        ("import time; time.sleep(60)", {"seconds": 1}, "took its parser more than 1 s"),
        ("x = b'x' * 10**9", {}, "needs too much memory"),
        ("def f(): return f()\nf()", {}, "nested too deeply"),
        ("raise KeyError('strange')", {}, r"parser gave up \(KeyError"),
        ("import os; os.write(3, b'x'); import sys; print('noise'); sys.exit(1)", {}, "could not be read"),
    ],
)
def test_a_parser_that_dies_takes_one_file_with_it(
    code: str, limits: dict[str, int], reason: str, patched: Patched
) -> None:
    guarded = "if content == b'bad':\n" + "".join(f"    {line}\n" for line in code.splitlines())
    box = patched(guarded, **limits)
    assert _read(box) == "text"
    began = time.monotonic()
    with pytest.raises(UnreadableFile, match=rf"'a\.md' could not be read: .*{reason}|{reason}"):
        _read(box, b"bad")
    assert time.monotonic() - began < 10
    assert _read(box, b"next") == "next"


def test_the_child_is_kept_and_renewed_after_some_files(patched: Patched) -> None:
    box = patched("import os; content = str(os.getpid()).encode()", files=3)
    pids = [_read(box) for _ in range(6)]
    assert pids[0] == pids[1] == pids[2] != pids[3] == pids[4] == pids[5]


def test_what_earlier_files_left_behind_does_not_fail_a_file(patched: Patched) -> None:
    box = patched("state.append(1)\nif len(state) > 1: raise MemoryError")
    assert [_read(box) for _ in range(3)] == ["text"] * 3


def test_what_a_parser_prints_does_not_come_between_the_answers(patched: Patched) -> None:
    box = patched("print('noise', flush=True)")
    assert [_read(box) for _ in range(2)] == ["text"] * 2


def test_a_child_that_was_killed_is_replaced(patched: Patched) -> None:
    box = patched("import os; content = str(os.getpid()).encode()")
    first = _read(box)
    os.kill(int(first), signal.SIGKILL)
    assert _read(box) != first


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', PORT))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:PORT/').read()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import pickle; pickle.loads(b'cos\\nsystem\\n.')",
        "open('PATH', 'w').write('x')",
    ],
)
def test_the_child_reaches_nothing(code: str, patched: Patched, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        target = tmp_path / "written"
        code = code.replace("PORT", str(server.getsockname()[1])).replace("PATH", str(target))
        with pytest.raises(UnreadableFile, match="a parser tried"):
            _read(patched(code))
        with pytest.raises(TimeoutError):
            server.accept()
    assert not target.exists()


@pytest.mark.parametrize(
    "answer", ["b'[]'", "b'{}'", "b'{\"reading\": {}}'", "b'{\"reading\": 7}'", "b'{\"refused\": 7}'", "b'no JSON'"]
)
def test_an_unsound_answer_of_the_child_is_not_believed(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import index.load.child as child\n"
    monkeypatch.setattr(sandbox, "_START", f"{start}child._answer = lambda *_: {answer}\nchild.serve()")
    box = Sandbox()
    try:
        with pytest.raises(UnreadableFile, match=r"'a\.md' could not be read"):
            _read(box)
    finally:
        box.close()


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import time; os.read(0, 100); os.write(1, (1000).to_bytes(8, 'big') + b'{'); time.sleep(600)",
        "import time; os.read(0, 100)\nwhile os.write(1, b'\\0'): time.sleep(0.4)",
    ],
    ids=["takes nothing", "stops in its answer", "trickles"],
)
def test_a_child_that_keeps_one_waiting_is_ended_in_its_time(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_START", f"import os; {code}")
    box, looks = Sandbox(seconds=1), 0

    def look() -> None:
        nonlocal looks
        looks += 1

    began = time.monotonic()
    with pytest.raises(UnreadableFile, match="took its parser more than 1 s"):
        box.read("a.md", MD, b"x" * 200_000, 1000, look)
    assert time.monotonic() - began < 20
    assert looks


def test_many_open_files_keep_no_file_from_being_read() -> None:
    """A pipe's number beyond 1024, as a server with many connections has it."""
    code = (
        "import os, resource; from index.config import IndexConfig; from index.load import read\n"
        "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 2000), most))\n"
        "kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(1100)]\n"
        "print(max(kept), read('a.md', b'text', IndexConfig()).text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    number, text = done.stdout.split() or ("", done.stderr)
    assert int(number) > 1024, done.stderr
    assert text == "text"


@pytest.mark.parametrize(("told", "tries"), [(0, 1), (-5, 1), (2, 2), (10**9, 1)])
def test_the_child_grants_itself_no_time_without_end(told: int, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[int] = []

    def tells(box: Sandbox, name: str, request: dict[str, int], *_: object) -> dict[str, object]:
        seconds.append(request["seconds"])
        return {"pictures": told}

    monkeypatch.setattr(Sandbox, "_ask", tells)
    with pytest.raises(UnreadableFile, match=r"'a\.md' could not be read"):
        _read(Sandbox())
    assert len(seconds) == tries
    assert max(seconds) <= seconds[0] + 15 * MOST_PICTURES


def test_the_child_sees_no_keys(patched: Patched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_KEY", "secret")
    box = patched("import os; content = ' '.join(sorted(os.environ)).encode()")
    assert "DOSSIER" not in _read(box)


def test_a_text_that_is_too_long_is_refused(patched: Patched) -> None:
    with pytest.raises(UnreadableFile, match=r"holds 2,000 characters of text; at most 1,000"):
        _read(patched("content = b'x' * 2000"))


def test_the_child_ends_when_its_parent_is_killed() -> None:
    code = (
        "from index.config import IndexConfig; from index.load import read, sandbox\n"
        "read('a.md', b'text', IndexConfig()); print(sandbox.SANDBOX._worker._process.pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
        parent.wait()
        until = time.monotonic() + 5
        while _is_alive(child) and time.monotonic() < until:
            time.sleep(0.02)
        assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_parent_stays_light() -> None:
    code = (
        "import sys; from index.config import IndexConfig; from index.load import read\n"
        "[read(name, b'# A\\n\\n<p>Some text.</p>', IndexConfig()) for name in ('a.md', 'a.html', 'a.txt')]\n"
        "heavy = {'trafilatura', 'pypdfium2', 'docx', 'lxml', 'markdown_it', 'yaml', 'charset_normalizer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
