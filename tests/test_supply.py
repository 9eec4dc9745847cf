"""What Dossier is made of: locked versions, floors, licences, a bill of materials; nothing that runs foreign code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

from index import models

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
FLOORS = {
    "gradio": "6.16", "starlette": "1.3.1", "langchain-text-splitters": "1.1.2", "pdfminer-six": "20260107",
    "chromadb": "1.5.9",
}  # fmt: skip
"""Older ones have published holes, or lose data."""
PERMISSIVE = re.compile(
    r"MIT(-CMU|-0)?( License)?|Apache([ -]2\.0)?( License| Software License)?(, Version 2\.0)?(-2\.0)?"
    r"|Apache Software License|(3-Clause )?BSD( License)?|BSD-[23]-Clause|0BSD|ISC( License ISCL)?"
    r"|Python Software Foundation License|PSF-2\.0|Apache-2\.0 WITH LLVM-exception|BSL-1\.0|Zlib|CC0-1\.0"
    r"|CNRI-Python|Unlicense|DFSG approved|dependency licenses"
)
FILES_ONLY = {
    "certifi": "MPL-2.0: the certificates of the web, used unchanged",
    "pathspec": "MPL-2.0: used unchanged, for development only",
    "hypothesis": "MPL-2.0: used unchanged, for development only",
    "orjson": "MPL-2.0 in part: used unchanged",
    "tqdm": "MPL-2.0 in part: used unchanged",
    "fqdn": "MPL-2.0: used unchanged, for development only",
    "tld": "MPL-1.1 by choice: used unchanged by the reader of web pages",
}
"""Copyleft that ends at a package's own files, which are not changed here; each is named with its reason."""
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_NAMES = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "cloudpickle"}
FORBIDDEN_ATTRIBUTES = {
    ("yaml", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("torch", "load"), ("numpy", "load"),
    ("np", "load"), ("os", "system"), ("os", "popen"), ("subprocess", "getoutput"),
}  # fmt: skip
OURS = sorted(path for house in ("index", "rag", "ui") for path in (ROOT / house).rglob("*.py"))


@cache
def locked(name: str) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;+]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in pins}


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_is_locked_and_no_place_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert len(locked(name)) > 60
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "--hash"))]
    assert [line for line in lines if "==" not in line] == []
    assert not re.search(r"https?://|file:/|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("package", FLOORS)
def test_no_version_is_below_its_floor(package: str) -> None:
    found = [locked(name)[package] for name in LOCKS if package in locked(name)]
    assert all(Version(version) >= Version(FLOORS[package]) for version in found)
    assert found or package == "pdfminer-six"


def test_the_server_of_chroma_that_runs_foreign_code_is_imported_nowhere() -> None:
    assert [path for path in OURS if "chromadb.server" in path.read_text(encoding="utf-8")] == []


def licences() -> dict[str, str]:
    found = subprocess.run(
        [Path(sys.executable).parent / "pip-licenses", "--from=mixed", "--format=json", "--with-system"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return {re.sub(r"[-_.]+", "-", one["Name"]).lower(): _title(one["License"]) for one in json.loads(found.stdout)}


def _title(licence: str) -> str:
    """A licence's name, where a package gives its whole text."""
    return licence.strip().splitlines()[0] if licence.strip() else ""


def test_every_locked_package_has_a_permissive_licence() -> None:
    told = licences()
    wanted = [package for name in LOCKS for package in locked(name) if package in told]
    assert len(wanted) > 120
    apart = re.compile(r"; |, (?!Version)| AND | OR ")
    parts = {package: apart.split(told[package].replace("(", "").replace(")", "")) for package in wanted}
    odd = {package for package, names in parts.items() if not all(PERMISSIVE.fullmatch(name) for name in names)}
    assert odd - FILES_ONLY.keys() == set(), {package: told[package] for package in odd}
    assert [package for package in wanted if re.search(r"\bA?GPL", told[package]) and package != "tld"] == []


def test_every_exception_is_still_needed() -> None:
    assert FILES_ONLY.keys() <= {package for name in LOCKS for package in locked(name)}


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_ours_runs_or_unpickles_what_it_is_given(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, node.func.id
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names} | {
                str(getattr(node, "module", "")).split(".")[0]
            }
            assert not names & FORBIDDEN_NAMES
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in FORBIDDEN_ATTRIBUTES
        if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "shell", "allow_pickle"):
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


def test_every_model_file_has_a_sha256_and_is_data() -> None:
    files = [file for model in models.MANIFEST for file in model.files]
    assert len(files) >= 4
    for file in files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert not file.name.endswith((".py", ".pkl", ".pickle", ".pt", ".bin", ".pth"))


def _audit() -> ModuleType:
    spec = util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_audit_fails_for_findings_alone_and_says_what_it_could_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    audit = _audit()
    hole = {"id": "CVE-1", "fix_versions": ["2"]}
    bad, good = {"name": "a", "version": "1", "vulns": [hole]}, {"name": "b", "version": "1", "vulns": []}
    unknown = {"name": "c", "skip_reason": "not found"}
    assert audit.told([good, unknown], "") == 0
    assert "1 packages looked up, 0 findings, 1 not known" in capsys.readouterr().out
    assert audit.told([good, bad], "") == 1
    assert "a 1 has CVE-1; mended in 2" in capsys.readouterr().out
    for nothing in (None, [], [unknown]):
        assert audit.told(nothing, "no network") == 0
        assert "NOT DONE" in capsys.readouterr().out


def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.lock", "--pyproject", "pyproject.toml",
         "--output-reproducible", "--of", "JSON", "-o", out],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    bill = json.loads(out.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert {re.sub(r"[-_.]+", "-", one["name"]).lower() for one in bill["components"]} == locked(
        "requirements.lock"
    ).keys()
    assert str(ROOT) not in out.read_text()
