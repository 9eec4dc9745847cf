from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from functools import partial

import pytest

from index.config import IndexConfig
from index.errors import BadInput
from index.load import fetch
from index.load.fetch import page_of
from index.records import Failure, Job, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.index.load.made import ARTICLE
from tests.index.load.test_feed import RSS
from tests.index.load.test_fetch import Server


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A site on loopback, which tests alone may reach."""
    allowed = partial(
        fetch.fetch, seconds=5, resolver=lambda host, port: ["127.0.0.1"], allows=lambda address: address == "127.0.0.1"
    )
    monkeypatch.setattr("index.load.fetch.fetch", allowed)
    running = Server()
    yield running
    running.close()


def _added(shelf: Shelf, *urls: str) -> Job:
    return shelf.wait(shelf.add("default", [page_of(url) for url in urls]).id, 60)


def test_each_page_is_fetched_by_the_job_and_fails_alone(shelf: Shelf, site: Server) -> None:
    page = site.says("/trade", ARTICLE.encode(), Content_Type="text/html")
    gone = site.says("/gone", status="404 Not Found")
    job = _added(shelf, page, gone, "ftp://news.example/a", "no address")
    assert (job.state, job.total, job.added) == ("done", 4, 1)
    assert [failure.name for failure in job.failed] == [gone, "ftp://news.example/a", "no address"]
    assert "answered 404" in job.failed[0].error
    assert "not an http or https address" in job.failed[1].error
    ((document,), _) = shelf.documents("default")
    assert (document.name, document.source, document.metadata.publisher) == ("trade.html", page, "The Post")
    assert shelf.original(document.id)[0] == ARTICLE.encode()


def test_a_page_that_did_not_change_is_unchanged_and_a_new_one_replaces_it(shelf: Shelf, site: Server) -> None:
    url = site.says("/a.txt", b"The bridge opens in 2027.", Content_Type="text/plain")
    assert _added(shelf, url).added == 1
    assert _added(shelf, f"{url}#part").unchanged == 1
    site.says("/a.txt", b"The bridge opens in 2028.", Content_Type="text/plain")
    assert _added(shelf, url).replaced == 1
    assert len(shelf.documents("default")[0]) == 1


def test_a_feed_stands_for_its_pages(shelf: Shelf, site: Server) -> None:
    items = "".join(f"<item><link>/{n}.txt</link></item>" for n in range(30))
    feed = site.says("/feed", f"<rss><channel>{items}</channel></rss>".encode(), Content_Type="application/rss+xml")
    for number in range(30):
        site.says(f"/{number}.txt", f"Text number {number}.".encode(), Content_Type="text/plain")
    site.says("/1.txt", RSS, Content_Type="text/xml")
    site.says("/2.txt", status="500 Broken")
    job = _added(shelf, feed)
    assert (job.total, job.added) == (20, 18)
    inner, broken = job.failed
    assert "a feed inside a feed" in inner.error
    assert broken.name == f"{site.url('/2.txt')} (in {feed})"
    assert len(site.asked) == 21


def test_private_addresses_are_refused_without_a_connection(shelf: Shelf) -> None:
    server = Server()
    job = _added(shelf, f"http://127.0.0.1:{server.port}/", f"http://localhost:{server.port}/")
    server.close()
    assert (job.state, len(job.failed), server.asked) == ("failed", 2, [])
    assert "not a public address" in job.failed[0].error


def test_a_file_that_was_fetched_and_cannot_be_read_leaves_nothing_behind(shelf: Shelf, site: Server) -> None:
    url = site.says("/a.pdf", b"%PDF-1.7 broken", Content_Type="application/pdf")
    job = _added(shelf, url)
    assert len(job.failed) == 1
    folder = shelf._library.originals.folder
    assert not folder.is_dir() or list(folder.iterdir()) == []


def test_a_text_without_content_is_still_a_mistake(shelf: Shelf) -> None:
    with pytest.raises(BadInput, match="one of the two"):
        shelf.add("default", [Source("a.txt", "upload:a.txt")])
    with pytest.raises(BadInput, match="one of the two"):
        shelf.add("default", [Source("a.txt", "upload:a.txt", content=b"a", text="a")])


def test_what_is_refused_beforehand_is_a_failure_of_its_job(shelf: Shelf) -> None:
    refused = Source("a.zip/p.png", "upload:a.zip#p.png", refused="no reader takes it")
    good = Source("a.txt", "upload:a.txt", text="The bridge opens in 2027.")
    job = shelf.wait(shelf.add("default", [refused, good]).id, 60)
    assert (job.state, job.total, job.added) == ("done", 2, 1)
    assert job.failed == (Failure("a.zip/p.png", "no reader takes it"),)
    job = shelf.wait(shelf.add("default", [refused]).id, 60)
    assert job.state == "failed"


def test_a_slow_server_keeps_nobody_from_stopping(config: IndexConfig, embedder: FakeEmbedder, site: Server) -> None:
    def slow(connection: socket.socket, _: str) -> None:
        time.sleep(4)

    site.answers["/slow"] = slow
    with Shelf.open(config, embedder) as shelf:
        first = shelf.add("default", [page_of(site.url("/slow"))])
        until = time.monotonic() + 3
        while not site.asked and time.monotonic() < until:
            time.sleep(0.01)
        began = time.monotonic()
        assert shelf.cancel(first.id).state == "cancelled"
        second = shelf.add("default", [page_of(site.url("/slow"))])
        while len(site.asked) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    assert time.monotonic() - began < 2.5
    site.says("/slow", b"The bridge opens in 2027.", Content_Type="text/plain")
    with Shelf.open(config, embedder) as shelf:
        assert shelf.wait(second.id, 60).added == 1
