"""What the files for operators name is there: neither systemd nor a container engine is needed to know that."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

from ui.cli import dossier
from ui.config import Config
from ui.metrics import Metrics

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"


def test_the_sample_settings_are_settings(tmp_path: Path) -> None:
    config = Config.load(PACKAGING / "dossier.toml")
    assert config.hosts == ("dossier.example",)
    assert config.log == "json"
    assert not config.log_contents
    assert tomllib.loads((PACKAGING / "dossier.toml").read_text()).keys() <= Config.model_fields.keys()


def test_the_unit_starts_a_command_that_exists() -> None:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read(PACKAGING / "dossier.service")
    command, *words = parser["Service"]["ExecStart"].split()
    assert command.endswith("/.venv/bin/dossier")
    assert words == ["--config", "/etc/dossier/dossier.toml", "serve"]
    assert words[-1] in dossier.commands
    assert Config.load(PACKAGING / "dossier.toml").data.is_relative_to("/var/lib/dossier")
    assert int(parser["Service"]["TimeoutStopSec"]) > 5
    assert parser["Service"]["ProtectSystem"] == "strict"


def test_the_container_file_names_what_is_there() -> None:
    text = (PACKAGING / "Containerfile").read_text()
    environment = re.findall(r"\bDOSSIER_([A-Z_]+)=", text)
    assert {name.lower() for name in environment} <= Config.model_fields.keys()
    assert "make setup" in text
    assert "/health" in text
    assert "USER dossier" in text
    assert re.search(r"^CMD \[\"serve\"\]$", text, re.MULTILINE)


def test_the_operators_page_names_every_figure() -> None:
    told = (ROOT / "docs" / "operating.md").read_text()
    source = Path(__import__(Metrics.__module__, fromlist=["_"]).__file__).read_text()
    names = set(re.findall(r'"(dossier_\w+)"', source))
    assert len(names) > 12
    assert [name for name in names if name not in told] == []


def test_the_links_of_the_operators_page_lead_somewhere() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "docs" / "security.md").read_text()))
    assert len(named) > 12
    assert [name for name in named if not (ROOT / name).exists()] == []
