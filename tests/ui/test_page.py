"""The page's main flows in a real browser, on a real server, over a real shelf; only the answers follow a script."""

from __future__ import annotations

import httpx
import pytest
from browser import Visit, visiting
from page_fixtures import DOUBT, GROWTH, in_view
from playwright.sync_api import Browser, expect
from scripted import ScriptedRag

pytestmark = pytest.mark.browser


def test_answer_is_streamed_with_numbers_its_standing_and_both_sides_of_a_disagreement(visit: Visit) -> None:
    visit.page.evaluate(
        "() => { window.seen = []; new MutationObserver(() => {"
        " const last = [...document.querySelectorAll('#chat .answer')].pop(); if (last) seen.push(last.className)"
        " }).observe(document, {childList: true, subtree: true}) }"
    )
    visit.ask("Has overall trade increased? Where do sources disagree?")
    answer = visit.page.locator("#chat .answer")
    expect(answer.locator(".statement")).to_have_text([GROWTH, DOUBT])
    expect(answer.locator(".text a.cite")).to_have_count(2)
    expect(answer.locator(".standing")).to_contain_text("✓ Proved by 2 passages from 2 documents")
    sides = answer.locator(".disagreement .sides li")
    expect(sides).to_have_count(2)
    expect(sides.first).to_contain_text("26%")
    expect(sides.nth(1)).to_contain_text("Harbour Times · June 2024")
    tops = sides.evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert tops[0] == tops[1], "they stand side by side"
    expect(answer.locator(".warning")).to_contain_text("two years old")
    expect(visit.page.locator("#reader .passage")).to_have_count(2)
    expect(visit.page.locator("#reader .passage").first).to_contain_text("The Post · Ann Other · 17 May 2024 · page 2")
    expect(visit.page.locator("#reader .also")).to_contain_text("Trade grows after the deal")
    assert [name for name in visit.page.evaluate("seen") if "waiting" in name]
    assert [name for name in visit.page.evaluate("seen") if "writing" in name]


def test_pointing_at_a_number_shows_its_card_and_following_it_opens_the_reader_there(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 1400, "height": 600})
    visit.ask("Has overall trade increased?")
    second = visit.page.locator("#chat a.cite").nth(1)
    second.hover()
    card = visit.page.locator("#card-shown")
    expect(card).to_contain_text(DOUBT)
    expect(card).to_contain_text("Harbour Times · June 2024 · page 2")
    second.click()
    expect(card).to_have_count(0)
    expect(visit.page.locator("#quote-mark")).to_have_text(DOUBT)
    expect(visit.page.locator("#quote-mark")).to_be_focused()
    expect(visit.page.locator("#reader .around").first).to_contain_text("Notes")
    assert in_view(visit, "#quote-mark")
    expect(visit.page.locator("#reader .where")).to_have_text("Citation 2 of 2")
    visit.page.locator("#reader button[aria-label='Previous citation']").click()
    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    visit.page.locator("#reader .margin a.cite").nth(1).click()
    expect(visit.page.locator("#quote-mark")).to_have_text(DOUBT)
    visit.page.keyboard.press("Escape")
    expect(second).to_be_focused()


def test_quote_in_a_pdf_is_marked_on_its_page(visit: Visit) -> None:
    visit.choose("Reports")
    visit.ask("What was stated about memo agendas and council voted knowledge?")
    visit.page.locator("#chat a.cite").first.click()
    boxes = visit.page.locator("#reader .sheet .box")
    expect(boxes.first).to_be_visible()
    picture = visit.page.locator("#reader .sheet:has(.box) img")
    expect(picture).to_be_visible()
    visit.page.wait_for_function("() => document.querySelector('#reader .sheet:has(.box) img').naturalWidth > 500")
    assert in_view(visit, "#reader .sheet .box")
    id = (picture.get_attribute("src") or "").split("/")[3]
    with httpx.Client(base_url=f"{visit.address}/v1/documents/{id}", trust_env=False) as client:
        assert len(client.get("/pages").json()["pages"]) == 2
        found = client.get("/boxes", params={"start": 0, "end": 14}).json()["boxes"]
        assert found[0]["page"] == 1
        assert client.get("/pages/1", params={"width": 200}).headers["content-type"] == "image/png"
        assert client.get("/pages/9").status_code == 404
    visit.page.locator("#reader a", has_text="Text").click()
    expect(visit.page.locator("#reader mark").first).to_be_visible()


def test_declined_answer_says_what_is_missing_and_shows_the_nearest_marked_as_such(visit: Visit) -> None:
    visit.ask("Who invented the zebra quantum?")
    answer = visit.page.locator("#chat .answer.declined")
    expect(answer).to_contain_text("∅ Not in these documents")
    expect(answer.locator(".missing")).to_contain_text("who or what is meant")
    expect(answer.locator(".nearest li")).to_have_count(3)
    expect(answer.locator(".nearest")).to_contain_text("which do not answer it")
    expect(visit.page.locator("#reader .passages h2")).to_contain_text("which do not answer it")
    assert answer.evaluate("e => getComputedStyle(e).borderStyle") == "dashed"


def test_understood_question_of_a_follow_up_can_be_changed(visit: Visit, rag: ScriptedRag) -> None:
    visit.ask("Has overall trade increased?")
    visit.ask("Nobody expected what?")
    asked_as = visit.page.locator("#chat .asked-as")
    expect(asked_as).to_contain_text("Understood as: Nobody expected what? (after: Has overall trade increased?)")
    assert [turn.role for turn in _last(rag, "Nobody expected what?").history] == ["user", "assistant"]
    asked_as.locator("a", has_text="Edit").click()
    visit.page.locator(".reword textarea").fill("Which growth of trade was expected?")
    visit.page.locator(".reword button[type='submit']").click()
    expect(visit.page.locator("#asked-count")).to_have_text("3")
    visit.answered()
    assert _last(rag, "Nobody expected what?").standalone_question == "Which growth of trade was expected?"
    expect(visit.page.locator("#chat .asked-as").last).to_contain_text("Which growth of trade was expected?")
    visit.page.locator("#fresh").click()
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    visit.ask("Nobody expected what?")
    assert _last(rag, "Nobody expected what?").history == ()


def test_stopping_ends_the_work(visit: Visit, rag: ScriptedRag) -> None:
    visit.page.locator("#question textarea").fill("a slow question about trade")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#chat .reading-now")).to_contain_text("Reading Trade grows after the deal")
    visit.page.locator("#question .stop-button").click()
    expect(visit.page.locator("#chat .notice")).to_contain_text("You stopped this answer.")
    assert rag.cancelled.wait(3)
    visit.ask("Has overall trade increased?")
    expect(visit.page.locator("#chat .statement")).to_have_count(2)


def test_stopping_again_and_again_says_so_each_time(visit: Visit, rag: ScriptedRag) -> None:
    for count in range(1, 7):
        visit.page.locator("#question textarea").fill(f"slow question {count} about trade")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#chat .reading-now")).to_contain_text("Reading Trade grows after the deal")
        visit.page.locator("#question .stop-button").click()
        expect(visit.page.locator("#chat .notice", has_text="You stopped this answer.")).to_have_count(count)
        assert rag.cancelled.wait(3)
        rag.cancelled.clear()
        expect(visit.page.locator("#chat .reading-now")).to_have_count(0)


def test_going_to_another_dossier_while_an_answer_is_written_stays_there(visit: Visit, rag: ScriptedRag) -> None:
    for other in ("Uploads", "default", "Uploads"):
        visit.page.locator("#question textarea").fill("a slow question about trade")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#chat")).to_contain_text("a slow question about trade")
        visit.choose(other)
        assert rag.cancelled.wait(3)
        rag.cancelled.clear()
        visit.page.wait_for_timeout(300)
        expect(visit.page.locator("#chat")).not_to_contain_text("a slow question about trade")


def test_uploaded_files_are_shown_with_failures_and_can_be_asked_replaced_and_deleted(visit: Visit) -> None:
    visit.choose("Uploads")
    expect(visit.page.locator("#chat .welcome")).to_contain_text("Drop articles")
    visit.upload(("bees.txt", b"Bees winter in tight clusters near the hive centre."), ("broken.pdf", b"%PDF-1.4 no"))
    expect(visit.page.locator("#upload-list li", has_text="bees.txt")).to_contain_text("✓ added")
    broken = visit.page.locator("#upload-list li", has_text="broken.pdf")
    expect(broken).to_contain_text("!")
    expect(broken.get_by_role("button", name="Try again")).to_be_visible()
    expect(visit.page.locator("#count")).to_have_text("one document")
    visit.ask("Where do bees winter in clusters?")
    expect(visit.page.locator("#chat .statement")).to_contain_text("tight clusters")
    visit.upload(("bees.txt", b"Bees winter elsewhere in loose clusters."))
    again = visit.page.locator("#upload-list li", has_text="bees.txt").last
    again.get_by_role("button", name="Replace it").click()
    expect(again).to_contain_text("↻ replaced")
    visit.page.locator("#chat a.cite").first.click()
    expect(visit.page.locator("#reader .notice")).to_contain_text("has changed since the answer")
    visit.page.locator("#documents li > a").first.click()
    expect(visit.page.locator("#reading-title ~ .text")).to_contain_text("loose clusters")
    visit.page.locator("#reader a", has_text="Delete").click()
    visit.page.locator("#reader a.danger").click()
    expect(visit.page.locator("#reader .done")).to_contain_text("is deleted")
    expect(visit.page.locator("#documents .none")).to_be_visible()


def test_ticked_documents_alone_are_asked(visit: Visit, rag: ScriptedRag) -> None:
    row = visit.page.locator("#documents li", has_text="Statisticians doubt")
    row.locator(".tick").check()
    expect(visit.page.locator("#asked-which")).to_have_text("Only one ticked document is asked.")
    visit.ask("Has overall trade increased?")
    expect(visit.page.locator("#chat .statement")).to_have_text([DOUBT])
    expect(visit.page.locator("#chat .limited")).to_be_visible()
    assert len(_last(rag, "Has overall trade increased?").filter.documents) == 1
    visit.page.locator("#ask-all").click()
    expect(visit.page.locator("#asked-which")).to_have_text("All documents are asked.")
    visit.ask("Has overall trade increased?")
    expect(visit.page.locator("#chat .answer").last.locator(".statement")).to_have_count(2)


def test_conversations_are_kept_renamed_reopened_and_erased(visit: Visit) -> None:
    visit.ask("Nobody expected what?")
    visit.ask("Has overall trade increased?")
    visit.page.locator("#fresh").click()
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    visit.page.locator("#kept-half-tab").click()
    kept = visit.page.locator("#kept > li").first
    expect(kept).to_contain_text("Nobody expected what?")
    kept.locator("summary").click()
    kept.locator("a", has_text="Rename").click()
    kept.locator("input").fill("About trade")
    kept.get_by_role("button", name="Save").click()
    expect(kept.locator(".title")).to_have_text("About trade")
    kept.locator(".kept").click()
    expect(visit.page.locator("#chat .question")).to_have_text(
        ["Nobody expected what?", "Has overall trade increased?"]
    )
    visit.page.locator("#chat a.cite").nth(1).click()
    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    visit.page.reload()
    expect(visit.page.locator("#chat .question")).to_have_count(2)
    visit.page.locator("#kept-half-tab").click()
    kept.locator("summary").click()
    kept.locator("a", has_text="Erase").click()
    kept.get_by_role("button", name="Erase").click()
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    expect(visit.page.locator("#kept .title", has_text="About trade")).to_have_count(0)


def test_answer_is_copied_with_its_citations(visit: Visit) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.ask("Nobody expected what?")
    for format, piece in (
        ("As plain text", "[1] The Post"),
        ("As Markdown", "> Nobody"),
        ("With footnotes (HTML)", "<sup"),
    ):
        visit.page.locator("#chat a[href^='#copy']").click()
        button = visit.page.get_by_role("button", name=format)
        button.click()
        expect(visit.page.locator(".formats")).to_contain_text("Copied")
        copied = visit.page.evaluate("navigator.clipboard.readText()")
        assert piece in copied
        assert "Nobody expected it" in copied
        visit.page.locator("#chat a[href^='#copy']").click()


def test_everything_is_reached_by_the_keyboard(visit: Visit) -> None:
    press = visit.page.keyboard.press
    visit.page.locator("#question textarea").press("Escape")
    press("?")
    expect(visit.page.locator("#help-dialog")).to_contain_text("next and previous citation")
    press("Escape")
    expect(visit.page.locator("#help-dialog")).to_have_count(0)
    press("/")
    expect(visit.page.locator("#question textarea")).to_be_focused()
    visit.page.keyboard.type("Has overall trade increased?")
    press("Enter")
    expect(visit.page.locator("#asked-count")).to_have_text("1")
    visit.answered()
    press("Escape")
    press("1")
    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    press("j")
    expect(visit.page.locator("#quote-mark")).to_have_text(DOUBT)
    press("k")
    expect(visit.page.locator("#quote-mark")).to_have_text(GROWTH)
    press("Escape")
    expect(visit.page.locator("#chat a.cite").first).to_be_focused()
    press("s")
    expect(visit.page.locator("#search-documents")).to_be_focused()
    visit.page.keyboard.type("doubt")
    expect(visit.page.locator("#documents .tick")).to_have_count(1)
    press("Escape")
    press("n")
    expect(visit.page.locator("#chat .question")).to_have_count(0)


@pytest.mark.parametrize(("width", "theme"), [(1400, "dark"), (820, "light"), (360, "dark")])
def test_nothing_scrolls_sideways_and_all_places_can_be_reached(
    browser: Browser, address: str, width: int, theme: str
) -> None:
    size = {"width": width, "height": 800}
    with visiting(browser, address, viewport=size, color_scheme=theme, locale="en-GB") as visit:
        visit.ask("Has overall trade increased? Where do sources disagree?")
        assert ("dark" in (visit.page.locator("body").get_attribute("class") or "")) == (theme == "dark")
        visit.page.locator("#chat a.cite").first.click()
        expect(visit.page.locator("#quote-mark")).to_be_visible()
        for place in ("sources", "conversation", "reader"):
            visit.place(place)
            wide = visit.page.evaluate(
                "() => [...document.querySelectorAll('.place, .place *, html, body')].filter(e =>"
                " e.scrollWidth > e.clientWidth + 1 && !['visible', 'clip'].includes(getComputedStyle(e).overflowX)"
                " && e.clientWidth > 1 && getComputedStyle(e).overflowX !== 'hidden'"
                " && !e.matches('input, select, .table'))"
                ".map(e => e.outerHTML.slice(0, 90))"
            )
            assert wide == []
            assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert visit.page.locator(".notice").count() == 0


def test_two_people_share_nothing(browser: Browser, address: str) -> None:
    with visiting(browser, address, locale="en") as one, visiting(browser, address, locale="de-DE") as two:
        one.ask("Has overall trade increased?")
        two.ask("Nobody expected what?")
        expect(one.page.locator("#chat .question")).to_have_text(["Has overall trade increased?"])
        expect(two.page.locator("#chat .question")).to_have_text(["Nobody expected what?"])
        expect(two.page.locator("#chat .asked-as")).to_have_count(0)
        expect(two.page.locator("#chat .standing")).to_contain_text("Belegt durch eine Stelle")
        assert two.page.locator("html").get_attribute("lang") == "de"
        two.page.locator("#kept-half-tab").click()
        expect(two.page.locator("#kept > li")).to_have_count(1)
        expect(two.page.locator("#kept > li")).to_contain_text("Nobody expected what?")


def _last(rag: ScriptedRag, question: str):  # noqa: ANN202
    """Give the newest question of these words; suggestions are asked too."""
    return [ask for ask in rag.asked if ask.question == question and ask.keep][-1]
