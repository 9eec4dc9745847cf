"""The README and the product are in step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ui.api.compose import OWN_PATHS
from ui.cli import dossier
from ui.config import Config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(Config.model_fields))
def test_every_setting_is_in_the_readme(key: str) -> None:
    assert re.search(rf"^\| `{key}` \|", README, re.MULTILINE), f"no row for {key} in the README's settings"


def test_the_readme_names_no_setting_that_is_gone() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Config.model_fields)


@pytest.mark.parametrize("command", sorted(dossier.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"dossier {command}" in README


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_the_texts_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", texts, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"chat", "test"} <= named
    assert named <= targets


def test_every_first_step_of_our_paths_is_in_the_readme() -> None:
    assert [path for path in OWN_PATHS if path.startswith(("/v1", "/health", "/ready")) and path not in README] == []


def test_the_python_example_of_the_readme_is_sound() -> None:
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(block, "README.md", "exec")
