"""Jobs that look after the library, over a running server with a real shelf: begun, followed, stopped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Running
from stand_ins import FakeRag

from index.config import IndexConfig
from index.errors import Refused
from index.records import Health, JobKind, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.api.replies import JobReply
from ui.config import Config
from ui.syncing import allowed

OLD = 1_700_000_000
TEXT = "The bridge of region{0} was lifted on 3 May, said the mayor. It had rusted for {0} years."
Serve = Callable[..., Running]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "news"
    root.mkdir()
    for number in range(6):
        write(root / f"{number}.txt", TEXT.format(number))
    return root


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    monkeypatch.setattr("ui.syncing.POLL", 0.01)
    monkeypatch.setattr("index.sync.QUIET_SECONDS", 0.1)
    running: list[Running] = []

    def serve(embedder: FakeEmbedder | None = None, **settings: object) -> Running:
        config = Config(data=tmp_path / "data", page=False, **settings)  # type: ignore[arg-type] # checked by pydantic
        shelf = Shelf.open(config, embedder or FakeEmbedder())
        running.append(Running(FakeRag(shelf=shelf), config))  # type: ignore[arg-type] # a real one
        return running[-1]

    yield serve  # type: ignore[misc]
    for server in running:
        server.stop()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))


def sync(server: Running, folder: Path, **more: object) -> dict[str, object]:
    reply = server.http.post("/v1/admin/sync", json={"folder": str(folder), "dossier": "news", **more})
    assert reply.status_code == 202, reply.text
    assert reply.json()["job"]["kind"] == "sync"
    return server.ended(reply)


def names(server: Running) -> list[str]:
    documents = server.http.get("/v1/documents", params={"dossier": "news"}).json()["documents"]
    return sorted(str(document["name"]) for document in documents)


def test_a_dossier_follows_a_folder_of_the_server(serve: Serve, root: Path) -> None:
    server = serve(folders=(root.parent,))
    nothing = {"added": 0, "replaced": 0, "moved": 0, "removed": 0, "unchanged": 0, "failed": [], "notes": []}
    job = sync(server, root)
    assert job["state"] == "done"
    assert job["result"] == {"synced": nothing | {"added": 6}}
    (root / "0.txt").rename(root / "zero.txt")
    (root / "1.txt").unlink()
    write(root / "2.txt", "Quite another text.")
    write(root / "metadata.csv", "name,title,url\n3.txt,The third,https://x.example/3\n")
    job = sync(server, root, ignore=["5*"])
    assert job["result"] == {"synced": nothing | {"replaced": 2, "moved": 1, "removed": 2}}
    assert names(server) == ["2.txt", "3.txt", "4.txt", "zero.txt"]
    documents = server.http.get("/v1/documents", params={"dossier": "news"}).json()["documents"]
    (third,) = [document for document in documents if document["name"] == "3.txt"]
    assert (third["title"], third["url"]) == ("The third", "https://x.example/3")
    assert sync(server, root, ignore=["5*"])["result"] == {"synced": nothing}


def test_a_wiped_folder_is_a_conflict_until_it_is_meant(serve: Serve, root: Path) -> None:
    server = serve(folders=(root,))
    sync(server, root)
    shutil.rmtree(root)
    gone = server.http.post("/v1/admin/sync", json={"folder": str(root), "dossier": "news"})
    assert (gone.status_code, gone.json()["error"]["type"]) == (404, "not_found")
    root.mkdir()
    reply = server.http.post("/v1/admin/sync", json={"folder": str(root), "dossier": "news"})
    assert (reply.status_code, reply.json()["error"]["type"]) == (409, "conflict")
    assert '"yes": true' in reply.json()["error"]["hint"]
    assert len(names(server)) == 6
    assert sync(server, root, yes=True)["result"]["synced"]["removed"] == 6  # type: ignore[index]
    assert names(server) == []


def test_files_that_were_only_moved_are_no_loss(serve: Serve, root: Path) -> None:
    server = serve(folders=(root,))
    sync(server, root)
    (root / "deep").mkdir()
    for number in range(6):
        (root / f"{number}.txt").rename(root / "deep" / f"{number}.txt")
    assert sync(server, root)["result"]["synced"]["moved"] == 6  # type: ignore[index]


def test_only_folders_of_the_settings_are_read(serve: Serve, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret" / "s.txt", "A secret.")
    (root / "way").symlink_to(tmp_path / "secret")
    none = serve()
    reply = none.http.post("/v1/admin/sync", json={"folder": str(root)})
    assert (reply.status_code, reply.json()["error"]["type"]) == (403, "refused")
    none.stop()
    for folder in (tmp_path / "secret", root / "way", root / ".." / "secret", Path("news"), Path("/"), tmp_path):
        with pytest.raises(Refused, match="not in a folder"):
            allowed((root,), folder)
    (tmp_path / "to_root").symlink_to(root)
    assert allowed((root,), tmp_path / "to_root") == root
    assert allowed((tmp_path / "to_root",), root / "x") == root / "x"


def test_each_kind_gives_a_job_with_its_result(serve: Serve, root: Path) -> None:
    server = serve(folders=(root,))
    sync(server, root)
    results = {}
    kinds: tuple[JobKind, ...] = ("backup", "doctor", "mend", "reindex", "compact")
    for kind in kinds:
        path = f"/v1/admin/{kind}"
        reply = server.http.get(path) if kind == "doctor" else server.http.post(path, json={})
        assert reply.status_code == 202
        job = server.ended(reply)
        assert (job["kind"], job["state"], job["error"]) == (kind, "done", None)
        assert JobReply.model_validate({"job": job}).model_dump(mode="json") == {"job": job}
        results[kind] = job["result"]
    assert results["backup"]["backup"]["files"] == 6
    assert all(Health(**check).well or check["part"] == "space" for check in results["doctor"]["checks"])
    assert results["mend"] == {"done": ["Built every index anew."]}
    assert results["reindex"] == {"split": 0, "mended": 0}
    assert results["compact"]["compacted"]["after"] > 0
    listed = [job["kind"] for job in server.http.get("/v1/jobs").json()["jobs"]]
    assert listed == ["compact"]  # which forgets the jobs before it


def test_a_chore_is_stopped_within_two_seconds(serve: Serve, root: Path) -> None:
    embedder = FakeEmbedder()
    server = serve(embedder, folders=(root,))
    sync(server, root)
    embedder.seconds_a_passage = 1.0
    id = server.http.post("/v1/admin/reindex", json={}).json()["job"]["id"]
    again = server.http.post("/v1/admin/reindex", json={}).json()["job"]
    assert again["id"] == id
    seen = followed(server, id, lambda job: job["done"] >= 1)
    assert (seen["state"], seen["doing"], seen["total"]) == ("running", "embedding", 6)
    began = time.monotonic()
    job = server.http.delete(f"/v1/jobs/{id}").json()["job"]
    assert time.monotonic() - began < 5  # two on an idle machine
    assert (job["state"], job["result"]) == ("cancelled", None)


def followed(server: Running, id: str, until: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    deadline = time.monotonic() + 20
    while not until(job := server.http.get(f"/v1/jobs/{id}").json()["job"]):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return dict(job)


def test_no_chore_runs_for_ever_after_a_restart(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        left = shelf._library.chores.begin("compact")  # as a kill leaves it
        stopped = shelf.begin("sync", lambda chore: {"x": chore.stop.wait(60) and chore.look()})
    with Shelf.open(config, FakeEmbedder()) as shelf:
        job = shelf.job(left)
        assert job.state == "failed"
        assert job.error is not None
        assert job.error.hint == "Begin it again."
        assert shelf.job(stopped.id).state == "cancelled"


def test_a_chore_that_fails_says_why(tmp_path: Path) -> None:
    with Shelf.open(IndexConfig(data=tmp_path / "data"), FakeEmbedder()) as shelf:
        job = shelf.wait(shelf.begin("sync", lambda chore: {"x": 1 // 0}).id, 10)
        assert (job.state, job.error and job.error.type) == ("failed", "internal")
        (shelf._config.data / "backups").write_text("in the way")
        job = shelf.wait(shelf.begin("backup").id, 10)
        assert (job.state, job.error and job.error.type) == ("failed", "storage_full")


def test_chores_wait_for_each_other_and_searching_does_not(tmp_path: Path) -> None:
    with Shelf.open(IndexConfig(data=tmp_path / "data"), FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("news", [Source("a.txt", "upload:a.txt", text=TEXT)]).id, 10)
        with shelf._tending._alone("backup", None):
            jobs = [shelf.begin("compact"), shelf.begin("mend")]
            assert shelf.search("news", "bridge").by_words
            time.sleep(0.3)
            assert [shelf.job(job.id).state for job in jobs] == ["running", "running"]
        assert {shelf.wait(job.id, 20).state for job in jobs} == {"done"}
