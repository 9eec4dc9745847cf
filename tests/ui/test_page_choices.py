"""What someone may choose on the page besides documents: what words the answers, and folders of the server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import Visit, visiting
from playwright.sync_api import Browser, expect
from scripted import ScriptedRag

from index.embed import Vector
from tests.fakes import FakeEmbedder

pytestmark = pytest.mark.browser_all
QUESTION = "Has overall trade increased?"


def test_a_language_model_is_used_only_once_someone_has_chosen_it(
    visit: Visit, rag: ScriptedRag, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr("rag.writing.found", lambda: looked.append(1) or ("ollama:tiny",))
    wording = visit.page.locator("#wording")
    expect(wording).to_have_text("Worded by the sources")
    visit.ask(QUESTION)
    assert rag.asked[-1].model is None or not rag.asked[-1].keep
    assert not looked, "nobody asked for models"
    wording.locator("button").click()
    expect(wording.locator(".formats .act").first).to_have_attribute("aria-pressed", "true")
    wording.get_by_role("button", name="ollama:tiny").click()
    expect(wording).to_have_text("Worded by ollama:tiny")
    visit.ask(QUESTION)
    assert [ask.model for ask in rag.asked if ask.keep][-1] == "ollama:tiny"
    expect(visit.page.locator("#chat .took").last).to_contain_text("worded by ollama:tiny")
    wording.locator("button").first.click()
    wording.get_by_role("button", name="the sources").click()
    visit.ask(QUESTION)
    assert [ask.model for ask in rag.asked if ask.keep][-1] is None


def test_a_dossier_is_kept_equal_to_an_allowed_folder(browser: Browser, with_folders: str, allowed: Path) -> None:
    with visiting(browser, with_folders, locale="en-GB") as visit:
        page = visit.page
        page.locator("#upload-more").evaluate("one => { one.open = true }")
        page.locator("#sync-folder").focus()
        expect(page.locator(f"#folders-known option[value='{allowed}']")).to_be_attached()
        page.locator("#sync-folder").fill(str(allowed))
        page.get_by_role("button", name="Sync").click()
        expect(page.locator("#upload-list .done")).to_contain_text("4 added, 0 replaced, 0 moved, 0 removed, 0 failed")
        expect(page.locator("#count")).to_have_text("5 documents")
        for number in range(3):
            (allowed / f"{number}.txt").unlink()
        page.get_by_role("button", name="Sync").click()
        refused = page.locator("#upload-list .failed")
        expect(refused).to_contain_text("!")
        refused.get_by_role("button", name="Sync anyway").click()
        expect(page.locator("#upload-list .done").last).to_contain_text("3 removed")
        expect(page.locator("#count")).to_have_text("2 documents")
        page.locator("#sync-folder").fill("/etc")
        page.get_by_role("button", name="Sync", exact=True).click()
        expect(page.locator("#upload-list .failed").last).to_contain_text("not in a folder that this server may read")
        visit.failures.clear()  # the refusals


def test_what_a_large_import_takes_is_told_before_and_while_it_lasts(
    browser: Browser, with_folders: str, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = allowed.parent / "pages.txt"
    large.write_bytes(b"\x00\x01" * 10_500_000)  # refused as soon as it is read
    with visiting(browser, with_folders, locale="en-GB") as visit:
        page = visit.page
        page.locator("#upload-more").evaluate("one => { one.open = true }")
        page.set_input_files("#files", large)
        told = page.locator("#upload-expected")
        expect(told).to_contain_text(re.compile(r"This may take about \d.*(minutes|hours), \d.* megabytes of disk\."))
        expect(page.locator("#upload-list .failed")).to_contain_text("binary")
        monkeypatch.setattr("index.estimating.LARGE_FILES", 4)
        monkeypatch.setattr(FakeEmbedder, "embed_passages", slowly(FakeEmbedder.embed_passages))
        page.locator("#sync-folder").fill(str(allowed))
        page.get_by_role("button", name="Sync").click()
        expect(page.locator("#upload-list .state").last).to_have_text(
            re.compile("reading: about 1 second, 1 megabyte of")
        )
        expect(page.locator("#upload-list .done")).to_contain_text("4 added")
        monkeypatch.setattr("index.estimating.DISK_A_PASSAGE", 10**12)
        page.set_input_files("#files", large)
        expect(told).to_contain_text(re.compile("would take about .* gigabytes of disk; .* are free"))
        expect(page.locator("#upload-list .state").last).to_have_text("waiting")
        told.get_by_role("button", name="Add them nevertheless").click()
        expect(page.locator("#upload-list .failed")).to_have_count(2)
        expect(told).to_be_hidden()
        visit.failures.clear()  # the refusal


def slowly(embed: Callable[..., Vector]) -> Callable[..., Vector]:
    def wait(*given: object) -> Vector:
        time.sleep(1.5)
        return embed(*given)

    return wait


def test_without_allowed_folders_there_is_no_such_control(visit: Visit) -> None:
    expect(visit.page.locator("#address")).to_be_attached()
    expect(visit.page.locator("#sync-folder")).to_have_count(0)
