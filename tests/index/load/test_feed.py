from __future__ import annotations

import pytest

from index.errors import UnreadableFile
from index.load.feed import entries, looks_like_feed

URL = "https://news.example/feed.xml"
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><link>https://news.example/</link>
<item><title>A</title><link> https://news.example/a </link></item><item><link>/b</link></item>
<item><link>https://news.example/a</link></item><item><title>no link</title></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://news.example/"/>
<entry><link rel="self" href="/self"/><link rel="alternate" href="/a"/></entry><entry><link href="b"/></entry></feed>"""
SITEMAP = b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://news.example/a</loc></url>
<url><loc>https://news.example/b</loc></url></urlset>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel/><item><link>https://news.example/a</link></item><item><link>https://news.example/b</link></item></rdf:RDF>"""


@pytest.mark.parametrize("feed", [RSS, ATOM, SITEMAP, RDF, RSS.decode().encode("utf-8-sig")])
def test_every_kind_of_feed_lists_its_pages_once_and_in_order(feed: bytes) -> None:
    assert looks_like_feed(feed)
    assert entries(URL, feed, 20) == ("https://news.example/a", "https://news.example/b")
    assert entries(URL, feed, 1) == ("https://news.example/a",)


@pytest.mark.parametrize(
    "page",
    [b"<!doctype html><html><link href='feed'><p>&lt;rss</p>", b"plain <rss>", b"", b"%PDF-1.7 <feed", b"<p>x</p>"],
)
def test_a_page_is_no_feed(page: bytes) -> None:
    assert not looks_like_feed(page)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (b"<rss><channel>", "damaged"),
        (b"<rss><channel/></rss>", "lists no addresses"),
        (b"<sitemapindex><sitemap><loc>https://news.example/1.xml</loc></sitemap></sitemapindex>", r"such as .*1\.xml"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><link>&x;</link></item></rss>', "attack"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><rss><item><link>a</link></item></rss>', "attack"),
        (b"<rss>" + b" " * 10_000_001, "at most 10,000,000"),
        (b'<?xml version="1.0" encoding="nonsense"?><rss/>', "damaged"),
    ],
)
def test_feeds_that_are_refused(feed: bytes, told: str) -> None:
    with pytest.raises(UnreadableFile, match=told):
        entries(URL, feed, 20)


def test_a_feed_of_other_kinds_of_addresses_fails_later_by_their_names() -> None:
    feed = b"<rss><item><link>file:///etc/passwd</link></item><item><link>http://[</link></item></rss>"
    assert entries(URL, feed, 20) == ("file:///etc/passwd", "http://[")
