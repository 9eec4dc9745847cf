from __future__ import annotations

import io
import socket
import zipfile

import httpx
import pytest
from running import Running

from ui.api.replies import DocumentsReply, DossiersReply, EstimateReply, JobReply, OneDocumentReply
from ui.api.uploads import clean_name

LIMIT = 1024 * 1024


def upload(server: Running, *files: tuple[str, bytes], **fields: object) -> dict[str, object]:
    parts = [("files", file) for file in files]
    reply = server.http.post("/v1/documents", files=parts, data=fields)
    assert reply.status_code == 202, reply.text
    return server.ended(reply)


def test_text_given_as_json_is_kept_character_for_character(server: Running) -> None:
    text = "a\r\n\tb\u200b\ufeffé e\u0301 \N{GRINNING FACE}"
    job = server.job({"documents": [{"name": "a.txt", "text": text, "title": "A", "published": "2024-05"}]})
    assert (job["state"], job["added"], job["failed"]) == ("done", 1, [])
    (document,) = server.http.get("/v1/documents").json()["documents"]
    assert document["source"] == "upload:a.txt"
    assert (document["title"], document["published"], document["published_from"]) == ("A", "2024-05", "given")
    assert server.http.get(f"/v1/documents/{document['id']}/text").json()["text"] == text


def test_nul_and_lone_surrogates_become_replacement_characters_one_for_one(server: Running) -> None:
    body = b'{"documents": [{"name": "a\\ud800.txt", "text": "x\\u0000y\\ud83d z \\ud83d\\ude00 \\udc00"}]}'
    reply = server.http.post("/v1/documents", content=body, headers={"content-type": "application/json"})
    assert server.ended(reply)["state"] == "done"
    (document,) = server.http.get("/v1/documents").json()["documents"]
    assert document["name"] == "a\ufffd.txt"
    text = server.http.get(f"/v1/documents/{document['id']}/text").json()["text"]
    assert text == "x\ufffdy\ufffd z \N{GRINNING FACE} \ufffd"


def test_files_are_uploaded_and_downloaded(server: Running) -> None:
    job = upload(server, ("a.txt", b"one"), ("b.txt", b"two"), dossier="News")
    assert (job["state"], job["total"], job["added"]) == ("done", 2, 2)
    documents = server.http.get("/v1/documents", params={"dossier": "news"}).json()["documents"]
    assert [document["source"] for document in documents] == ["upload:a.txt", "upload:b.txt"]
    reply = server.http.get(f"/v1/documents/{documents[0]['id']}/file")
    assert reply.content == b"one"
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''a.txt"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_file_over_the_limit_fails_alone_by_name(server: Running) -> None:
    job = upload(server, ("big.txt", b"x" * (LIMIT + 1)), ("small.txt", b"small"))
    assert (job["state"], job["added"]) == ("done", 1)
    assert [failure["name"] for failure in job["failed"]] == ["big.txt"]


def test_the_source_of_a_file_can_be_named(server: Running) -> None:
    upload(server, ("a.txt", b"one"), sources="file:/home/a.txt")
    (document,) = server.http.get("/v1/documents").json()["documents"]
    assert document["source"] == "file:/home/a.txt"


def test_each_file_or_none_has_a_source(server: Running) -> None:
    files = [("files", ("a.txt", b"one")), ("files", ("b.txt", b"two"))]
    reply = server.http.post("/v1/documents", files=files, data={"sources": "file:/a.txt"})
    assert reply.status_code == 422
    reply = server.http.post("/v1/documents", files=files, data={"dosier": "a"})
    assert "'dosier'" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("on_conflict", "outcome"), [("replace", "replaced"), ("keep_both", "added"), ("fail", "failed")]
)
def test_a_source_that_is_taken(server: Running, on_conflict: str, outcome: str) -> None:
    upload(server, ("a.txt", b"one"))
    job = upload(server, ("a.txt", b"two"), on_conflict=on_conflict)
    assert job[outcome]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\fakepath\\a.txt", "C:/fakepath/a.txt"),
        ("a\x00b\n\u202etxt.exe", "a\ufffdbtxt.exe"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("x" * 600, "x" * 500),
    ],
)
def test_names_become_labels(name: str, label: str) -> None:
    assert clean_name(name) == label


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "either documents or urls"),
        ({"documents": [{"name": "a"}]}, "documents[0].text"),
        ({"documents": [{"name": " ", "text": "x"}]}, "documents[0].name"),
        ({"documents": [{"name": "a", "text": "x", "published": "May 2024"}]}, "YYYY-MM-DD"),
        ({"documents": [{"name": "a", "text": "x", "published": "2024-13"}]}, "YYYY-MM-DD"),
        ({"documents": [{"name": "a", "text": "x", "published": "2023-02-29"}]}, "day"),
        ({"documents": [{"name": "a", "text": "x", "publishr": "P"}]}, "'publisher'"),
        ({"documents": [{"name": "a", "text": "x"}], "on_conflict": "merge"}, "on_conflict"),
        ({"documents": [{"name": "a", "text": "x"}] * 1001}, "1000"),
        ({"urls": ["http://example.org"], "documents": [{"name": "a", "text": "x"}]}, "either documents or urls"),
        ({"urls": ["http://example.org"] * 101}, "100"),
    ],
)
def test_bad_documents_are_refused_by_name(server: Running, body: dict[str, object], told: str) -> None:
    reply = server.http.post("/v1/documents", json=body)
    assert reply.status_code == 422
    assert told in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"limit": ' + b"9" * 10_000 + b"}", "application/json", 400),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"text", "text/plain", 415),
        (b"text", "", 415),
        (b"", "multipart/form-data", 400),
        (b"--x\r\n\r\nno name\r\n--x--", "multipart/form-data; boundary=x", 400),
        (b"nothing of the kind", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--x--',
            "multipart/form-data; boundary=x",
            422,
        ),
    ],
)
def test_a_bad_body_is_refused(server: Running, content: bytes, kind: str, status: int) -> None:
    for route in ("/v1/documents", "/v1/ask") if kind.startswith("app") else ("/v1/documents",):
        reply = server.http.post(route, content=content, headers={"content-type": kind})
        assert reply.status_code == status, reply.text
        assert set(reply.json()["error"]) == {"type", "message", "hint"}


def test_a_question_is_json(server: Running) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        reply = server.http.post("/v1/ask", content=b'{"question": "?"}', headers={"content-type": kind})
        assert reply.status_code == 415


def test_a_body_over_the_limit_is_refused_while_it_is_read(server: Running) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        while sent < 100 * LIMIT:
            sent += LIMIT
            yield b" " * LIMIT

    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\n")
        assert raw.recv(12) == b"HTTP/1.1 413"
    try:
        reply = server.http.post("/v1/ask", content=endless(), headers={"content-type": "application/json"})
        assert reply.status_code == 413
        assert reply.json()["error"]["type"] == "too_large"
    except (httpx.WriteError, httpx.ReadError):
        pass  # the server has hung up: as good
    assert sent < 60 * LIMIT


def test_documents_are_corrected_and_deleted(server: Running) -> None:
    (id,) = server.add("The bridge was lifted.")
    body = {"publisher": "The Post", "published": "2024-05-17"}
    reply = server.http.patch(f"/v1/documents/{id}", json=body)
    assert (reply.json()["document"]["publisher"], reply.json()["document"]["title"]) == ("The Post", "0.txt")
    assert server.http.patch(f"/v1/documents/{id}", json={"publisher": None}).json()["document"]["publisher"] is None
    assert server.http.patch(f"/v1/documents/{id}", json={"published": "soon"}).status_code == 422
    assert server.http.delete(f"/v1/documents/{id}").status_code == 204
    for route in ("", "/text", "/file"):
        assert server.http.get(f"/v1/documents/{id}{route}").status_code == 404
    assert server.http.delete(f"/v1/documents/{id}").status_code == 404


def test_lists_come_in_pages(server: Running) -> None:
    server.add(*(f"text {number}" for number in range(5)))
    names, cursor = [], None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = server.http.get("/v1/documents", params=parameters).json()
        names += [document["name"] for document in page["documents"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"{number}.txt" for number in range(5)]
    assert server.http.get("/v1/documents", params={"limit": 0}).status_code == 422
    assert server.http.get("/v1/documents", params={"cursor": "|"}).status_code == 422


def test_a_job_is_cancelled(server: Running) -> None:
    server.rag.shelf.slowness = 0.05
    body = {"documents": [{"name": f"{number}.txt", "text": "x"} for number in range(50)]}
    reply = server.http.post("/v1/documents", json=body)
    server.http.delete(f"/v1/jobs/{reply.json()['job']['id']}")
    job = server.ended(reply)
    assert job["state"] == "cancelled"
    assert job["added"] < 50
    assert server.http.get("/v1/jobs").json()["jobs"] == [job]
    assert server.http.get("/v1/jobs/j_none").status_code == 404


def test_dossiers_are_made_renamed_and_deleted(server: Running) -> None:
    assert server.http.put("/v1/dossiers/Brücken 2").json()["dossier"]["name"] == "Brücken 2"
    assert server.http.put("/v1/dossiers/Other").status_code == 200
    assert server.http.patch("/v1/dossiers/Other", json={"name": "brücken 2"}).status_code == 409
    assert server.http.patch("/v1/dossiers/Other", json={"name": "Third"}).json()["dossier"]["name"] == "Third"
    assert server.http.get("/v1/dossiers/third").json()["dossier"]["documents"] == 0
    assert server.http.delete("/v1/dossiers/Third").status_code == 204
    assert server.http.get("/v1/dossiers/Third").status_code == 404
    assert [dossier["name"] for dossier in server.http.get("/v1/dossiers").json()["dossiers"]] == ["Brücken 2"]


def test_the_descriptions_of_lists_are_complete(server: Running) -> None:
    (id,) = server.add("The bridge was lifted.")
    (job,) = server.http.get("/v1/jobs").json()["jobs"]
    for route, reply in (
        ("/v1/documents", DocumentsReply),
        (f"/v1/documents/{id}", OneDocumentReply),
        (f"/v1/jobs/{job['id']}", JobReply),
        ("/v1/dossiers", DossiersReply),
        ("/v1/admin/doctor", JobReply),
    ):
        answer = server.http.get(route).json()
        assert reply.model_validate(answer).model_dump(mode="json") == answer


def test_ready_says_what_is_being_rebuilt(server: Running) -> None:
    assert server.http.get("/ready").json() == {"ready": True, "message": ""}
    server.rag.shelf.is_ready = False
    reply = server.http.get("/ready")
    assert (reply.status_code, reply.json()["message"]) == (503, "The word index is being rebuilt.")
    assert server.http.get("/health").json()["status"] == "ok"


def test_addresses_become_items_of_the_job(server: Running) -> None:
    job = server.job({"urls": ["HTTP://news.example", "https://news.example/a#part"]})
    assert (job["total"], job["added"]) == (2, 2)
    documents = server.http.get("/v1/documents").json()["documents"]
    assert [document["source"] for document in documents] == ["http://news.example/", "https://news.example/a"]


def test_each_member_of_an_archive_is_an_item_of_the_job(server: Running) -> None:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        for name in ("a.txt", "../b.txt", "p.png"):
            archive.writestr(name, name)
    job = upload(server, ("all.zip", box.getvalue()))
    (failed,) = job["failed"]
    assert failed["name"] == "all.zip/p.png"
    assert "'.png'" in failed["error"]
    documents = server.http.get("/v1/documents").json()["documents"]
    assert [(document["name"], document["source"]) for document in documents] == [
        ("all.zip/a.txt", "upload:all.zip#a.txt"),
        ("all.zip/b.txt", "upload:all.zip#../b.txt"),
    ]


def test_files_come_with_what_is_known_about_them(server: Running) -> None:
    files = [("files", ("a.txt", b"one")), ("files", ("b.txt", b"two"))]
    known = ['{"title": "A", "published": "2024-05"}', "{}"]
    server.ended(server.http.post("/v1/documents", files=files, data={"metadata": known}))
    first, second = server.http.get("/v1/documents").json()["documents"]
    assert (first["title"], first["published"], second["title"]) == ("A", "2024-05", "b.txt")
    for wrong in (["{}"], ["{}", "{"], ["{}", '{"published": "soon"}'], ["{}", '{"titel": "A"}']):
        assert server.http.post("/v1/documents", files=files, data={"metadata": wrong}).status_code == 422


def test_what_the_disk_has_no_room_for_is_refused(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    told = server.http.post("/v1/documents/estimate", json={"sizes": {".txt": 100, ".pdf": 50}})
    assert EstimateReply.model_validate(told.json()).estimate.disk == 300
    assert server.http.post("/v1/documents/estimate", json={"sizes": {".txt": -1}}).status_code == 422
    monkeypatch.setattr("ui.estimating.LARGE_UPLOAD", 10)
    monkeypatch.setattr(server.rag.shelf, "free", 20)
    body = {"dossier": "full", "documents": [{"name": "a", "text": "Twenty letters or so."}]}
    refused = server.http.post("/v1/documents", json=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (507, "storage_full")
    assert "full" not in [one["name"] for one in server.http.get("/v1/dossiers").json()["dossiers"]]
