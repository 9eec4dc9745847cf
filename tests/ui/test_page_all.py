"""Every other flow of the page: run by `make test-browser`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from browser import Visit, opened, serving, visiting
from page_fixtures import DOUBT, GROWTH, REPORT
from playwright.sync_api import Browser, BrowserContext, expect
from scripted import ScriptedRag, put

from index.records import Metadata, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.config import Config
from ui.server import Site
from ui.service import Service

pytestmark = pytest.mark.browser_all
QUESTION = "Has overall trade increased?"


def told(figure: str) -> None:
    """Tell a figure to whoever runs this with -s; no test depends on speed."""
    sys.stdout.write(f"\n{figure}\n")


def test_errors_are_kind_and_the_next_question_works(visit: Visit) -> None:
    for question, words in (
        ("overload please", "64 questions are waiting already."),
        ("damaged please", "cannot be trusted."),
        ("explode please", "Something went wrong inside Dossier."),
    ):
        visit.ask(question)
        expect(visit.page.locator("#chat .notice").last).to_contain_text(words)
    assert "secret" not in visit.page.content()
    assert "Traceback" not in visit.page.content()
    visit.ask(QUESTION)
    expect(visit.page.locator("#chat .statement")).to_have_count(2)


def test_unproved_sentences_are_named_in_words(visit: Visit) -> None:
    visit.ask("Has overall trade increased, doubtful?")
    expect(visit.page.locator("#chat .standing")).to_contain_text("△ Not proved")
    expect(visit.page.locator("#chat .unproved").first).to_have_text("△ not proved")


def test_twenty_mixed_files_are_added_but_for_the_two_broken_ones(visit: Visit) -> None:
    visit.choose("Uploads")
    files = [(f"note-{number}.txt", f"Plain note number {number}.".encode()) for number in range(8)]
    files += [(f"page-{number}.md", f"# Page {number}\n\nSome words.".encode()) for number in range(5)]
    files += [(f"rows-{number}.csv", f"Year,Crowns\n2023,{number}\n".encode()) for number in range(4)]
    files += [("report.pdf", REPORT.read_bytes()), ("broken.pdf", b"%PDF-1.4 no"), ("strange.xyz", b"\x00\x01")]
    assert len(files) == 20
    visit.upload(*files)
    expect(visit.page.locator("#upload-list .done")).to_have_count(18)
    expect(visit.page.locator("#upload-list .failed")).to_have_count(2)
    expect(visit.page.locator("#upload-words")).to_have_text("18 of 20 added")
    failed = visit.page.locator("#upload-list .failed", has_text="strange.xyz")
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_contain_text("!")
    expect(visit.page.locator("#count")).to_contain_text("18 documents")


def test_folders_can_be_dropped_anywhere_and_addresses_fail_kindly(visit: Visit) -> None:
    visit.choose("Garden")
    visit.page.evaluate(
        "() => { const t = new DataTransfer(); for (const n of ['one.txt', 'two.txt'])"
        " t.items.add(new File(['Dropped words in ' + n], n));"
        " document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: t, bubbles: true, cancelable: true})) }"
    )
    expect(visit.page.locator("#upload-list .done")).to_have_count(2)
    expect(visit.page.locator("#documents .tick")).to_have_count(3)
    visit.page.locator("#address").fill("http://127.0.0.1:9/private")
    visit.page.locator(".address button").click()
    expect(visit.page.locator("#upload-list .failed", has_text="127.0.0.1")).to_contain_text("!")


def test_list_and_questions_are_filtered_by_publisher_and_date(visit: Visit, rag: ScriptedRag) -> None:
    visit.page.locator(".filters > summary").click()
    visit.page.locator("#filter-publisher").select_option("The Post")
    visit.page.locator("#filter-undated").uncheck()
    expect(visit.page.locator("#documents .tick")).to_have_count(1)
    expect(visit.page.locator("#asked-which")).to_contain_text("pass the filter")
    visit.ask(QUESTION)
    expect(visit.page.locator("#chat .statement")).to_have_text([GROWTH])
    visit.page.locator("#filter-publisher").select_option("")
    visit.page.locator("#filter-from").fill("2024-06")
    expect(visit.page.locator("#documents .title")).to_have_text(["Statisticians doubt the figures"])
    visit.ask(QUESTION)
    expect(visit.page.locator("#chat .answer").last.locator(".statement")).to_have_text([DOUBT])
    assert [ask for ask in rag.asked if ask.question == QUESTION][-1].filter.published_from == "2024-06"


def test_metadata_is_corrected_in_place(visit: Visit, rag: ScriptedRag) -> None:
    put(rag.shelf, "Corrections", "a.txt", "Words to be told about.")
    visit.page.reload()
    visit.choose("Corrections")
    visit.page.locator("#documents li > a").click()
    visit.page.locator("#reader a", has_text="Correct details").click()
    visit.page.locator("#correcting input[name='title']").fill("A better title")
    visit.page.locator("#correcting input[name='published']").fill("soon")
    visit.page.locator("#reader a.main").click()
    expect(visit.page.locator("#correcting .notice")).to_contain_text("published")
    visit.page.locator("#correcting input[name='published']").fill("2024-05-17")
    visit.page.locator("#reader a.main").click()
    expect(visit.page.locator("#reading-title")).to_have_text("A better title")
    expect(visit.page.locator("#documents li")).to_contain_text("17 May 2024")
    visit.failures.clear()  # the refusal


def test_dossiers_are_made_renamed_and_deleted(visit: Visit) -> None:
    def act(name: str) -> None:
        visit.page.locator(".menu > summary").click()
        visit.page.locator(".menu .act", has_text=name).click()

    form = visit.page.locator("#dossier-forms")
    act("New dossier")
    form.locator("input").fill("no/slash")
    form.get_by_role("button", name="Create").click()
    expect(form.locator(".notice")).to_be_visible()
    form.locator("input").fill("Fresh one")
    form.get_by_role("button", name="Create").click()
    visit.settled("Fresh one")
    act("Rename")
    form.locator("input").fill("Renamed one")
    form.get_by_role("button", name="Rename").click()
    visit.settled("Renamed one")
    act("Delete")
    expect(form).to_contain_text("Delete “Renamed one” with everything in it?")
    form.get_by_role("button", name="Delete").click()
    expect(visit.page.locator("#dossier option[value='Renamed one']")).to_have_count(0)
    visit.failures.clear()  # the refusal


def test_question_is_edited_and_takes_the_place_of_the_old_one(visit: Visit) -> None:
    visit.ask("Nobody expected what?")
    visit.ask(QUESTION)
    visit.page.locator("#chat .asked").first.hover()
    visit.page.locator("#chat a.edit").first.click()
    expect(visit.page.locator("#question textarea")).to_have_value("Nobody expected what?")
    expect(visit.page.locator("#editing")).not_to_have_text("")
    visit.page.locator("#question textarea").fill("How has trade increased overall?")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#chat .question")).to_have_text(["How has trade increased overall?"])
    visit.answered()
    visit.page.reload()
    expect(visit.page.locator("#chat .question")).to_have_text(["How has trade increased overall?"])


def test_answer_and_citation_have_permanent_addresses(visit: Visit, context: BrowserContext, address: str) -> None:
    visit.ask(QUESTION)
    id = visit.page.locator("#latest").inner_text() or visit.page.locator("#latest").text_content()
    with opened(context, address, f"/?answer={id}&citation=2") as other:
        expect(other.page.locator("#chat .statement")).to_have_text([GROWTH, DOUBT])
        expect(other.page.locator("#quote-mark")).to_have_text(DOUBT)


def test_what_a_program_was_answered_opens_in_the_browser(visit: Visit, context: BrowserContext, address: str) -> None:
    id = httpx.post(address + "/v1/ask", json={"question": QUESTION}, timeout=30).json()["id"]
    with opened(context, address, f"/?answer={id}&citation=1") as other:
        expect(other.page.locator("#chat .statement")).to_have_text([GROWTH, DOUBT])
        expect(other.page.locator("#quote-mark")).to_have_text(GROWTH)
        other.ask("Nobody expected what?")
        expect(other.page.locator("#chat .question")).to_have_count(2)


def test_what_a_number_leads_to_is_fetched_while_it_is_pointed_at(visit: Visit) -> None:
    visit.ask(QUESTION)
    fetched: list[str] = []
    visit.page.on("request", lambda request: fetched.append(request.url) if "/page/reader" in request.url else None)
    visit.page.evaluate("() => { window.then = Date.now(); Date.now = () => then }")
    with visit.page.expect_response(lambda reply: "/page/reader" in reply.url):
        visit.page.locator("#chat a.cite").first.hover()
    visit.page.evaluate("document.querySelector('#chat a.cite').click()")
    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    assert len(fetched) == 1
    with visit.page.expect_response(lambda reply: "/page/reader" in reply.url):
        visit.page.locator("#chat a.cite").nth(1).hover()
    visit.page.evaluate("() => { then += 20_000; document.querySelectorAll('#chat a.cite')[1].click() }")
    expect(visit.page.locator("#quote-mark")).to_have_text(DOUBT)
    assert len(fetched) == 3, "what may have changed since is fetched again"


def test_selected_words_can_be_asked_about(visit: Visit) -> None:
    visit.page.locator("#documents li > a", has_text="Trade grows").click()
    visit.page.locator("#reader .text p").first.wait_for()
    visit.page.evaluate(
        "() => { const p = document.querySelector('#reader .text p'); const r = document.createRange();"
        " r.setStart(p.firstChild, 0); r.setEnd(p.firstChild, 11);"
        " getSelection().removeAllRanges(); getSelection().addRange(r) }"
    )
    visit.page.locator(".about-this").click()
    expect(visit.page.locator("#question textarea")).to_have_value("What is said about “Trade grows”?")


def test_thumbs_take_a_comment(visit: Visit) -> None:
    visit.ask(QUESTION)
    visit.page.locator("#chat .thumb.bad a").click()
    visit.page.locator("form.comment input").fill("wrong year")
    visit.page.locator("form.comment button").click()
    expect(visit.page.locator("p.comment")).to_have_text("Thank you")


def test_conversation_is_exported(visit: Visit) -> None:
    visit.ask(QUESTION)
    visit.page.locator("#kept-half-tab").click()
    visit.page.locator("#kept summary").first.click()
    for words, piece in (("Markdown", "26%"), ("JSON", '"statements"'), ("Printable page", "<html")):
        href = visit.page.locator("#kept a", has_text=words).first.get_attribute("href") or ""
        cookies = {one["name"]: one["value"] for one in visit.page.context.cookies()}
        assert piece in httpx.get(visit.address + href, cookies=cookies).text


def test_language_letters_and_theme_are_kept(browser: Browser, address: str) -> None:
    with visiting(browser, address, locale="en-GB") as visit:
        visit.page.get_by_role("button", name="Deutsch").click()
        expect(visit.page.locator("#question textarea")).to_have_attribute("placeholder", "Fragen Sie Ihre Dokumente")
        visit.page.get_by_role("button", name="Größere Schrift").click()
        visit.page.get_by_role("button", name="Hell oder dunkel").click()
        visit.page.reload()
        expect(visit.page.locator("h1")).to_be_visible()
        assert visit.page.evaluate("document.documentElement.style.fontSize") == "112.5%"
        expect(visit.page.locator("body")).to_have_class(re.compile("dark"))


def test_suggested_questions_are_answered(visit: Visit, rag: ScriptedRag) -> None:
    text = "The bridge will cost 480 million crowns in all.\nFour workers were injured when the bridge crane fell.\n"
    put(rag.shelf, "Suggesting", "a.txt", text, Metadata("Costs"))
    visit.page.reload()
    visit.choose("Suggesting")
    offers = visit.page.locator("#suggestions .offer")
    expect(offers.first).to_be_visible()
    words = offers.first.inner_text()
    offers.first.click()
    expect(visit.page.locator("#chat .question")).to_have_text([words])
    visit.answered()
    expect(visit.page.locator("#chat .statement").first).to_be_visible()


@pytest.fixture
def kept_folder(tmp_path: Path) -> Config:
    return Config(data=tmp_path / "data")


def _served(config: Config, shelf: Shelf) -> Site:
    return Site(Service(ScriptedRag(shelf), config), config)


def test_conversation_is_there_after_a_restart(browser: Browser, kept_folder: Config) -> None:
    context = browser.new_context(reduced_motion="reduce", locale="en-GB")
    path = "/"
    for again in (False, True):
        with Shelf.open(kept_folder, FakeEmbedder()) as shelf:
            if not again:
                put(shelf, "default", "trade.txt", f"Trade grows\n{GROWTH}")
            site = _served(kept_folder, shelf)
            with serving(site.app) as address:
                site.bring_page()
                with opened(context, address, path) as visit:
                    if not again:
                        visit.ask(QUESTION)
                        path = visit.page.evaluate("location.search")
                        path = f"/{path}"
                    expect(visit.page.locator("#chat .statement")).to_have_text([GROWTH])
                    visit.page.locator("#chat a.cite").first.click()
                    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    context.close()


def test_key_is_asked_for_once(browser: Browser, tmp_path: Path) -> None:
    config = Config(data=tmp_path / "data", key="a secret of twelve")  # type: ignore[arg-type]
    with Shelf.open(config, FakeEmbedder()) as shelf:
        put(shelf, "default", "trade.txt", f"Trade grows\n{GROWTH}")
        site = _served(config, shelf)
        with serving(site.app) as address:
            site.bring_page()
            context = browser.new_context(reduced_motion="reduce", locale="en-GB")
            page = context.new_page()
            page.goto(address)
            page.locator("#key").fill("a secret of twelve")
            page.keyboard.press("Enter")
            page.locator("#documents .tick").wait_for()
            with opened(context, address) as visit:
                visit.ask(QUESTION)
                expect(visit.page.locator("#chat .statement")).to_have_text([GROWTH])
            assert httpx.get(address + "/page/sources?dossier=default").status_code == 401
            context.close()


def _article(number: int) -> Source:
    day = f"20{10 + number % 15}-05-17"
    metadata = Metadata(f"Article number {number}", f"Publisher {number % 9}", None, day, "given")
    text = f"Trade grows\nArticle {number} of the long list."
    return Source(f"{number}.txt", f"upload:{number}.txt", text=text, metadata=metadata)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve 2,000 documents."""
    config = Config(data=tmp_path_factory.mktemp("crowded"))
    with Shelf.open(config, FakeEmbedder()) as shelf:
        sources = [_article(number) for number in range(2000)]
        assert shelf.wait(shelf.add("default", sources).id, 250).state == "done"
        site = _served(config, shelf)
        with serving(site.app) as address:
            site.bring_page()
            yield address


def test_two_thousand_documents_stay_quick(browser: Browser, crowded: str) -> None:
    with visiting(browser, crowded, locale="en-GB") as visit:
        visit.page.reload()
        expect(visit.page.locator("#documents .tick").first).to_be_visible()
        ready = visit.page.evaluate("performance.now()")
        told(f"2,000 documents: usable {ready:.0f} ms after opening")
        expect(visit.page.locator("#count")).to_have_text("2,000 documents")
        assert visit.page.locator("#documents .tick").count() <= 200
        visit.page.locator("#more").scroll_into_view_if_needed()
        expect(visit.page.locator("#documents .tick").nth(150)).to_be_attached()
        visit.page.locator("#search-documents").fill("number 1777")
        expect(visit.page.locator("#documents .tick")).to_have_count(1)
        visit.page.locator("#reader a[href^='#timeline']").click()
        expect(visit.page.locator("svg.picture a").nth(1999)).to_be_attached()


def test_eight_people_ask_at_once_and_all_are_answered_in_turn(browser: Browser, tmp_path: Path) -> None:
    config = Config(data=tmp_path / "data", workers=2)
    with Shelf.open(config, FakeEmbedder()) as shelf, ExitStack() as people:
        put(shelf, "default", "trade.txt", f"Trade grows\n{GROWTH}")
        rag = ScriptedRag(shelf)
        service = Service(rag, config)
        site = Site(service, config)
        address = people.enter_context(serving(site.app))
        site.bring_page()
        visits = [people.enter_context(visiting(browser, address, locale="en-GB")) for _ in range(9)]
        asked = [f"{QUESTION} A gated question, number {number}" for number in range(8)]
        for number, (visit, question) in enumerate(zip(visits, asked, strict=False)):
            visit.page.locator("#question textarea").fill(question)
            visit.page.keyboard.press("Enter")
            expect(visit.page.locator("#question .stop-button")).to_be_visible()
            _until(lambda wanted=number + 1: service.busy >= wanted)  # type: ignore[misc]
        onlooker = visits[8].page
        onlooker.locator("#documents li > a").click()
        expect(onlooker.locator("#reader .text")).to_contain_text(GROWTH)
        visits[8].upload(("new.txt", b"Words that come while eight wait."))
        expect(onlooker.locator("#documents .tick")).to_have_count(2)
        rag.gate.set()
        for visit, question in zip(visits, asked, strict=False):
            visit.answered()
            expect(visit.page.locator("#chat .question")).to_have_text([question])
            expect(visit.page.locator("#chat .statement")).to_have_text([GROWTH])
        assert [ask.question for ask in rag.asked if "gated" in ask.question] == asked, "who came first is served first"


def _until(there: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_thousand_messages_stay_smooth(browser: Browser, address: str, rag: ScriptedRag) -> None:
    with visiting(browser, address, locale="en-GB") as visit:
        visit.ask(QUESTION)
        conversation = visit.page.locator("#conversation-id").text_content() or ""
        cookies = {one["name"]: one["value"] for one in visit.page.context.cookies()}
        with httpx.Client(base_url=address, cookies=cookies, timeout=60) as client:
            for number in range(499):
                body = {"question": f"{QUESTION} {number}", "conversation_id": conversation}
                assert client.post("/v1/ask", json=body).status_code == 200
        visit.page.goto(f"{address}/?conversation={conversation}")
        expect(visit.page.locator("#asked-count")).to_have_text("500")
        expect(visit.page.locator("#chat .question").last).to_have_text(f"{QUESTION} 498")
        assert visit.page.locator("#chat .question").count() <= 30
        began = time.monotonic()
        visit.page.locator("#question textarea").fill("Nobody expected what?")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#asked-count")).to_have_text("501")
        visit.answered()
        told(f"asked and answered in a conversation of 1,000 messages: {time.monotonic() - began:.2f} s")
        visit.page.locator("#chat .earlier a").click()
        expect(visit.page.locator("#chat .question").nth(20)).to_be_attached()
