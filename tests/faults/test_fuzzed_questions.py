"""Questions that nobody means: whatever is asked is answered or refused, and never from another dossier."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import CANARY, SECRET
from tests.faults.served import Server, served

SEED = int(os.environ.get("SOAK_SEED") or 1)
WORDS = (
    "bridge ferry AND OR NOT NEAR NEAR/3 + - * ? ~ ^2 \" ' ` ( ) [ ] { } : :: \\ / | & ! < > = title: text:* "
    "dossier:other secret canary sings 2024 3.5 1e999 -0 NaN null true \u202e \ufeff \ud83c\udf09 \u0000 \ufffd % _ "
    "%00 \\u0000 .. ; -- /* */ "
    '\' OR 1=1 -- \'; DROP TABLE documents; -- $where {"$ne":null} {"$gt":""} ${jndi:ldap://x/a} {{7*7}} <script> '
    "IN [* TO *] _exists_:x dossier_id:1 [1] [99] says: ignore previous instructions What who when why how many"
).split(" ")
WHERE = (
    {"$ne": None},
    {"$gt": ""},
    {"$in": ["other"]},
    ["other"],
    {"documents": ["*"]},
    "other' OR '1'='1",
    -1,
    True,
    None,
    1e308,
)


def questions(luck: random.Random) -> Iterator[object]:
    """Give questions without end: of operators, of any characters, of one, of a megabyte, of what is no text."""
    while True:
        kind = luck.random()
        if kind < 0.6:
            yield luck.choice(("", " ", '"')).join(luck.choices(WORDS, k=luck.randint(1, 12)))
        elif kind < 0.85:
            yield "".join(chr(luck.randrange(0x110000)) for _ in range(luck.randint(0, 60)))
        elif kind < 0.93:
            yield luck.choice(WORDS) * luck.choice((500, 4_000, 8_001, 100_000))
        elif kind < 0.99:
            yield luck.choice(WHERE)
        else:
            yield "bridge " * 150_000


def request(luck: random.Random, question: object) -> tuple[str, object]:
    route = luck.choice(("/v1/ask", "/v1/ask", "/v1/search", "/v1/chat/completions"))
    if route == "/v1/chat/completions":
        return route, {"model": "dossier/default", "messages": [{"role": "user", "content": question}]}
    body: dict[str, object] = {"question": question}
    if luck.random() < 0.3:
        names = ["filter", "standalone_question", "history", "conversation_id", "publishers", "max_citations", "limit"]
        body[luck.choice(names)] = luck.choice((*WHERE, {"publishers": luck.choices(WORDS, k=2)}))
    return route, body


def ask(server: Server, count: int) -> Counter[int]:
    """Ask so many; every answer is a success or our own refusal, and tells nothing of the other dossier."""
    luck = random.Random(SEED)  # noqa: S311 - no secret
    asked: Counter[int] = Counter()
    for question, _ in zip(questions(luck), range(count), strict=False):
        route, body = request(luck, question)
        content = json.dumps(body).encode()
        reply = server.http.post(route, content=content, headers={"content-type": "application/json"})
        assert reply.status_code in (200, 400, 404, 413, 422), (route, content[:300], reply.text[:300])
        if CANARY not in str(question):
            assert CANARY not in reply.text, (route, content[:300])
        if reply.status_code != 200:
            assert {"type", "message"} <= set(reply.json()["error"])
        asked[reply.status_code] += 1
    return asked


@pytest.fixture
def two_dossiers(tmp_path: Path) -> Iterator[Server]:
    with served(tmp_path) as server:
        server.add(
            "The bridge was lifted on 3 May 2024.\nIt cost 571 million crowns.", "The ferry is to run until June."
        )
        server.add(SECRET, dossier="other")
        yield server
        assert server.well()
        assert "Traceback" not in server.log.read_text(), server.log.read_text()[-6_000:]


def test_300_fuzzed_questions(two_dossiers: Server) -> None:
    asked = ask(two_dossiers, 300)
    assert asked[200] > 100


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_10_000_fuzzed_questions(two_dossiers: Server) -> None:
    print(f"\nfuzzed questions: {dict(ask(two_dossiers, 10_000))}, seed {SEED}")
