"""The tools of the Model Context Protocol, by the protocol's own client."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from pydantic import SecretStr
from running import Running

from index.config import IndexConfig
from index.errors import BadSettings
from index.records import Metadata, Source
from index.shelf import Shelf
from tests.awaited import awaited
from ui.api.replies import AnswerReply, HitsReply
from ui.client import Client as Desk
from ui.config import Config
from ui.mcp.replies import ListReply, ReadReply
from ui.mcp.serving import run as serve
from ui.mcp.tools import tools

T = TypeVar("T")
DOSSIER = Path(sys.executable).parent / "dossier"
KEY = "a key that programs send"
COST = "🌉 The bridge across the Łyna cost 571 million crowns, the council said on 3 May 2024."
TUNNEL = "The tunnel under the harbour cost 88 million crowns, as the city’s engineers 👷 had foreseen."
NAMES = {"ask", "search", "documents", "read"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> dict[str, str]:
    """The settings of processes over a library with two documents."""
    data = tmp_path_factory.mktemp("data")
    with Shelf.open(IndexConfig(data=data, models=models_folder)) as shelf:
        shelf.create_dossier("harbour")
        sources = [
            Source("bridge.txt", "upload:bridge.txt", text=f"{COST}\n\nIt is 318 metres long.", metadata=Metadata("B")),
            Source("tunnel.txt", "upload:tunnel.txt", text=TUNNEL, metadata=Metadata("T", publisher="The Post")),
        ]
        assert shelf.wait(shelf.add("harbour", sources).id, 60).added == 2
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    return {**kept, "DOSSIER_DATA": str(data), "DOSSIER_MODELS": str(models_folder)}


@contextmanager
def started(environment: dict[str, str], tmp_path: Path, *arguments: str, heard: str) -> Iterator[tuple[Any, str]]:
    """Start a command and give it with the address that it tells."""
    command = [DOSSIER, *arguments, "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    )
    try:
        line = getattr(process, heard).readline()
        assert "http://127.0.0.1:" in line, line + (process.stderr.read() if process.poll() is not None else "")
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


def run(work: Callable[[], Awaitable[T]]) -> T:
    return awaited(asyncio.wait_for(work(), 120))


async def answered(client: Client, question: str, **more: Any) -> dict[str, Any]:
    result = await client.call_tool("ask", {"question": question, **more})
    assert not result.is_error, result
    assert AnswerReply.model_validate(result.structured_content)
    return result.structured_content


async def assert_exact(client: Client, answer: dict[str, Any]) -> None:
    """Fetch the text of every citation: it is the quote, character by character."""
    assert answer["citations"]
    for citation in answer["citations"]:
        where = {"document": citation["document"]["id"], "version": citation["document"]["version"]}
        where |= {"start": citation["start"], "end": citation["end"]}
        part = (await client.call_tool("read", where)).structured_content
        assert ReadReply.model_validate(part).text == citation["quote"]


@pytest.mark.models
def test_a_library_of_ones_own_is_read_over_standard_input_and_output(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async def talk() -> None:
        program = StdioServerParameters(command=str(DOSSIER), args=["mcp"], env=environment, cwd=tmp_path)
        async with Client(program) as client:
            listed = (await client.list_tools()).tools
            assert {tool.name for tool in listed} == NAMES
            assert all(tool.annotations.read_only_hint and tool.output_schema for tool in listed)
            answer = await answered(client, "How much did the bridge and the tunnel cost?")
            assert answer["standing"] == "grounded"
            assert {statement["text"] for statement in answer["statements"]} == {COST, TUNNEL}
            await assert_exact(client, answer)
            past = [{"role": "user", "content": "How much did the bridge cost?"}]
            past += [{"role": "assistant", "content": COST}]
            followed = await answered(client, "And the tunnel?", history=past, dossier="harbour")
            assert followed["statements"][0]["text"] == TUNNEL
            result = await client.call_tool("ask", {"question": "Who painted the ceiling of the opera house?"})
            assert result.structured_content["standing"] == "declined"
            assert result.content[0].text.startswith("The documents do not answer this question.")

    run(talk)


@pytest.mark.models
def test_a_running_server_is_read_over_http_with_its_key(environment: dict[str, str], tmp_path: Path) -> None:
    with_key = {**environment, "DOSSIER_KEY": KEY}

    async def talk(tools_at: str, server_at: str) -> None:
        headers = {"authorization": f"Bearer {KEY}"}
        http = httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False)
        async with http, Client(streamable_http_client(tools_at, http_client=http)) as client:
            answer = await answered(client, "How much did the tunnel cost?")
            await assert_exact(client, answer)
        body = {"question": "How much did the tunnel cost?", "dossier": "harbour"}
        plain = httpx.post(f"{server_at}/v1/ask", json=body, headers=headers, timeout=60, trust_env=False).json()
        own = ("id", "took")
        assert {k: v for k, v in answer.items() if k not in own} == {k: v for k, v in plain.items() if k not in own}

    with (
        started(with_key, tmp_path, "serve", "--no-page", heard="stdout") as (_, server_at),
        started(with_key, tmp_path, "mcp", "--http", heard="stderr") as (process, tools_at),
    ):
        assert tools_at.endswith("/mcp")
        run(lambda: talk(tools_at, server_at))
        for status, headers in (
            (401, {}),
            (401, {"authorization": "Bearer wrong"}),
            (403, {"authorization": f"Bearer {KEY}", "host": "evil.example"}),
            (403, {"authorization": f"Bearer {KEY}", "origin": "http://evil.example"}),
            (413, {"authorization": f"Bearer {KEY}", "content-length": "3000000"}),
        ):
            asked = {"content-type": "application/json", "accept": "application/json, text/event-stream"} | headers
            content = b" " * 3_000_000 if status == 413 else b"{}"
            refused = httpx.post(tools_at, content=content, headers=asked, trust_env=False)
            assert refused.status_code == status, refused.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


@pytest.mark.timeout(60)  # without the check it would serve
def test_a_foreign_address_needs_a_key_here_too(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="DOSSIER_KEY"):
        serve(Config(data=tmp_path, host="0.0.0.0"), port=0)  # noqa: S104


@pytest.fixture
def call(server: Running) -> Iterator[Callable[..., CallToolResult]]:
    """Call a tool that works through a running server."""
    with closing(Desk(server.address, SecretStr("unused"))) as desk:
        kit = tools(desk)

        def call(name: str, **arguments: Any) -> CallToolResult:
            async def talk() -> CallToolResult:
                async with Client(kit) as client:
                    return await client.call_tool(name, arguments)

            return run(talk)

        yield call


def test_every_tool_gives_what_it_describes(server: Running, call: Callable[..., CallToolResult]) -> None:
    ids = server.add(COST, TUNNEL)
    for name, reply, arguments in (
        ("ask", AnswerReply, {"question": "What was built?"}),
        ("ask", AnswerReply, {"question": "nonsense"}),
        ("search", HitsReply, {"question": "bridge"}),
        ("documents", ListReply, {}),
        ("read", ReadReply, {"document": ids[0]}),
    ):
        result = call(name, **arguments)
        assert not result.is_error
        content = result.structured_content
        assert reply.model_validate(content).model_dump(mode="json") == content
        assert result.content[0].text


def test_what_a_model_reads_tells_where_each_quote_stands(server: Running, call: Callable[..., CallToolResult]) -> None:
    (id,) = server.add(COST)
    shown = call("ask", question="What was built?").content[0].text
    assert shown.startswith(f"{COST} [1]\n\nSources:\n[1] 0.txt; document {id}, version ")
    assert f"characters 0-{len(COST)}" in shown
    assert f"document {id}, version" in call("search", question="bridge").content[0].text
    nearest = call("ask", question="nonsense").content[0].text
    assert "The nearest passages, which do not answer it:" in nearest
    assert "- when the ferry ran" in nearest


def test_documents_are_listed_page_by_page(server: Running, call: Callable[..., CallToolResult]) -> None:
    ids = server.add(*(f"Text {number}." for number in range(5)))
    first = call("documents", limit=3).structured_content
    assert ([one["id"] for one in first["documents"]], first["next"], first["dossier"]) == (ids[:3], 3, "default")
    last = call("documents", limit=3, first=3).structured_content
    assert ([one["id"] for one in last["documents"]], last["next"]) == (ids[3:], None)
    server.job({"dossier": "other", "documents": [{"name": "a.txt", "text": "A."}]})
    assert [one["name"] for one in call("documents").structured_content["dossiers"]] == ["default", "other"]
    (one,) = call("documents", dossier="other").structured_content["documents"]
    assert one["name"] == "a.txt"


def test_reading_is_bounded_and_counts_characters(server: Running, call: Callable[..., CallToolResult]) -> None:
    text = "🌉é" * 20_000
    (id,) = server.add(text)
    part = call("read", document=id, start=1).structured_content
    assert (part["text"], part["end"], part["characters"]) == (text[1:20_001], 20_001, 40_000)
    assert call("read", document=id, start=39_990).structured_content["text"] == text[39_990:]
    assert call("read", document=id, start=40_000).structured_content["text"] == ""
    assert call("read", document=id, start=5, end=2).structured_content["text"] == ""
    assert "beyond its end" in call("read", document=id, start=40_001).content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("ask", {"question": "?", "dossier": "nowhere"}, "There is no dossier 'nowhere'."),
        ("ask", {"question": "   "}, "it is empty"),
        ("ask", {"question": "x" * 8001}, "at most 8000"),
        ("ask", {}, "question"),
        ("ask", {"question": "?", "max_citations": 0}, "max_citations"),
        ("search", {"question": "?", "limit": 201}, "limit"),
        ("search", {"question": "?", "published_from": "2024-13"}, "published_from"),
        ("search", {"question": "?", "published_from": "2025", "published_to": "2024"}, "is after"),
        ("read", {"document": "d_none"}, "There is no document 'd_none'."),
        ("read", {"document": "../../etc/passwd"}, "There is no "),
        ("read", {"document": "d_1", "start": -1}, "start"),
        ("ask", {"question": "raise"}, "Something inside Dossier failed."),
        ("forget", {}, "forget"),
    ],
)
def test_an_error_is_told_to_the_model(
    server: Running, call: Callable[..., CallToolResult], name: str, arguments: dict[str, Any], told: str
) -> None:
    server.add(COST)
    result = call(name, **arguments)
    assert result.is_error
    assert told in result.content[0].text
    assert "secret" not in result.content[0].text


def test_two_dossiers_have_to_be_told_apart(server: Running, call: Callable[..., CallToolResult]) -> None:
    server.job({"dossier": "one", "documents": [{"name": "a.txt", "text": "A."}]})
    server.job({"dossier": "two", "documents": [{"name": "a.txt", "text": "A."}]})
    assert "(one, two)" in call("ask", question="?").content[0].text
    assert call("documents").structured_content["dossier"] is None


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    async def talk(desk: Desk) -> CallToolResult:
        async with Client(tools(desk)) as client:
            return await client.call_tool("documents", {})

    with closing(Desk("http://127.0.0.1:9", None)) as desk:
        result = run(lambda: talk(desk))
    assert result.is_error
    assert "does not answer" in result.content[0].text


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from index.errors import NotInstalled
    from ui.cli import dossier

    for name in [name for name in sys.modules if name.partition(".")[0] == "mcp" or name.startswith("ui.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server.transport_security", None)
    result = CliRunner().invoke(dossier, ["mcp"])
    assert isinstance(result.exception, NotInstalled)
    assert "make mcp" in str(result.exception)
