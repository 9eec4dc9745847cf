from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import BadSettings
from ui.config import Config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATA", "MODELS", "PORT", "HOST", "KEY", "QUEUE"):
        monkeypatch.delenv(f"DOSSIER_{name}", raising=False)


def test_flags_win_over_the_environment_which_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("dossier.toml").write_text('port = 1\nqueue = 1\nhost = "::1"\nhosts = ["a.example", "b.example"]\n')
    monkeypatch.setenv("DOSSIER_PORT", "2")
    monkeypatch.setenv("DOSSIER_QUEUE", "2")
    config = Config.load(port="3")
    assert (config.port, config.queue, config.host, config.hosts) == (3, 2, "::1", ("a.example", "b.example"))
    monkeypatch.setenv("DOSSIER_HOSTS", "c.example, d.example")
    assert Config.load().hosts == ("c.example", "d.example")


@pytest.mark.parametrize("line", ["prot = 1", "[port]\nx = 1", "pasage_characters = 500", "zzzzzz = 1"])
def test_the_file_is_read_strictly(line: str) -> None:
    Path("dossier.toml").write_text(line + "\n")
    with pytest.raises(BadSettings) as refused:
        Config.load()
    nearest = {"prot": "'port'", "pasage": "'passage_characters'", "zzzzzz": "Known: data", "[port]": "port"}
    assert next(told for begins, told in nearest.items() if line.startswith(begins)) in str(refused.value)


def test_the_environment_is_read_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_PROT", "1")
    with pytest.raises(BadSettings, match=r"'DOSSIER_PROT' in the environment.*'port'"):
        Config.load()


@pytest.mark.parametrize("content", ["port = ", "port = 1\nport = 2", "\x00", "key = 'short'"])
def test_a_file_that_cannot_be_read_is_told(content: str) -> None:
    Path("dossier.toml").write_text(content)
    with pytest.raises(BadSettings):
        Config.load()


def test_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("port = 4\n")
    assert Config.load(tmp_path / "other.toml").port == 4
    with pytest.raises(BadSettings, match=r"no settings file.*missing\.toml"):
        Config.load(tmp_path / "missing.toml")


def test_the_key_is_read_from_a_file_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("  a key of enough length \n")
    config = Config.load(key_file=tmp_path / "key")
    assert config.key is not None
    assert config.key.get_secret_value() == "a key of enough length"
    assert "enough" not in repr(config)
    monkeypatch.setenv("DOSSIER_KEY", "tooshort")
    with pytest.raises(BadSettings, match="12 characters") as refused:
        Config.load()
    assert "tooshort" not in str(refused.value)
    monkeypatch.delenv("DOSSIER_KEY")
    with pytest.raises(BadSettings, match="key file"):
        Config.load(key_file=tmp_path / "none")
