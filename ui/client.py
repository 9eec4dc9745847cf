"""The command line talking to the server that owns the data folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from index.errors import BadInput, DossierError, LibraryBusy, Refused
from index.records import Conflict, Document, Dossier, Estimate, Filter, Hit, Job, JobKind, Metadata, Source
from rag.answers import Answer, Ask
from ui.unwire import answer_of, document_of, dossier_of, error_of, estimate_of, hit_of, job_of

if TYPE_CHECKING:
    from ui.conversations_desk import RemoteHistory


class Client:
    """Does everything through the HTTP interface of a running server."""

    def __init__(self, address: str, key: SecretStr | None) -> None:
        self.address = address
        headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        timeout = httpx.Timeout(300, connect=20)
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def ask(self, ask: Ask) -> Answer:
        """Answer a question."""
        body: dict[str, Any] = {
            "question": ask.question,
            "dossier": ask.dossier,
            "filter": _filter(ask.filter),
            "unsupported": ask.unsupported,
            "history": [{"role": turn.role, "content": turn.content} for turn in ask.history],
            "standalone_question": ask.standalone_question,
            "model": ask.model,
            "max_citations": ask.max_citations,
            "conversation_id": ask.conversation_id,
            "keep": ask.keep,
        }
        return answer_of(self.send("POST", "/v1/ask", json=body))

    def search(
        self,
        question: str,
        dossier: str,
        filter: Filter,
        limit: int,
        rerank: bool,
        per_document: int | None = None,
    ) -> tuple[Hit, ...]:
        """Find passages, all of a document's or its best `per_document`."""
        body = {
            "question": question,
            "dossier": dossier,
            "filter": _filter(filter),
            "limit": limit,
            "rerank": rerank,
            "per_document": per_document,
        }
        return tuple(hit_of(hit) for hit in self.send("POST", "/v1/search", json=body)["hits"])

    def dossiers(self) -> tuple[Dossier, ...]:
        """Give all dossiers."""
        return tuple(dossier_of(dossier) for dossier in self.send("GET", "/v1/dossiers")["dossiers"])

    def create_dossier(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not."""
        return dossier_of(self.send("PUT", _path("dossiers", name))["dossier"])

    def rename_dossier(self, name: str, new_name: str) -> Dossier:
        """Give a dossier another name."""
        return dossier_of(self.send("PATCH", _path("dossiers", name), json={"name": new_name})["dossier"])

    def remove_dossier(self, name: str) -> None:
        """Delete a dossier."""
        self.send("DELETE", _path("dossiers", name))

    def documents(self, dossier: str) -> Iterator[Document]:
        """Give all documents of a dossier."""
        parameters: dict[str, str | int] = {"dossier": dossier, "limit": 500}
        while True:
            page = self.send("GET", "/v1/documents", params=parameters)
            yield from (document_of(document) for document in page["documents"])
            if page["next"] is None:
                return
            parameters["cursor"] = page["next"]

    def document(self, id: str) -> Document:
        """Give a document."""
        return document_of(self.send("GET", _path("documents", id))["document"])

    def text(self, document: str, version: str | None = None) -> str:
        """Give the stored text of a version of a document, of the current one if None."""
        parameters = {} if version is None else {"version": version}
        return str(self.send("GET", f"{_path('documents', document)}/text", params=parameters)["text"])

    def remove_document(self, id: str) -> None:
        """Delete a document."""
        self.send("DELETE", _path("documents", id))

    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict) -> Job:
        """Upload files, or pass on addresses."""
        taken = list(sources)
        if any(source.is_address for source in taken):
            body = {"dossier": dossier, "on_conflict": on_conflict, "urls": [source.address for source in taken]}
            return job_of(self.send("POST", "/v1/documents", json=body)["job"])
        files = [("files", (source.name, source.content or b"", "application/octet-stream")) for source in taken]
        fields = {"dossier": dossier, "on_conflict": on_conflict, "sources": [source.address for source in taken]}
        if any(source.metadata != Metadata() for source in taken):
            fields["metadata"] = [json.dumps(_said(source.metadata)) for source in taken]
        return job_of(self.send("POST", "/v1/documents", files=files, data=fields)["job"])

    def estimate(self, sizes: Mapping[str, int]) -> Estimate:
        """Judge what adding files will take, given how many bytes there are of each ending."""
        return estimate_of(self.send("POST", "/v1/documents/estimate", json={"sizes": dict(sizes)})["estimate"])

    def job(self, id: str) -> Job:
        """Tell how far a job is."""
        return job_of(self.send("GET", _path("jobs", id))["job"])

    def cancel(self, id: str) -> Job:
        """Stop a job."""
        return job_of(self.send("DELETE", _path("jobs", id))["job"])

    def begin(self, kind: JobKind, embedder: str | None = None) -> Job:
        """Begin to look after the library; `embedder` is the one that re-indexing expects."""
        body = {"json": {"embedder": embedder}} if kind == "reindex" else {}
        return job_of(self.send("GET" if kind == "doctor" else "POST", f"/v1/admin/{kind}", **body)["job"])

    def original(self, id: str) -> bytes:
        """Give the file of a document as it was added."""
        return self._request("GET", _path("documents", id) + "/file").content

    def correct(self, id: str, metadata: Metadata) -> Document:
        """Correct what is known about a document."""
        known = {field: getattr(metadata, field) for field in ("title", "publisher", "author", "published", "url")}
        given = {field: value for field, value in known.items() if value is not None}
        return document_of(self.send("PATCH", _path("documents", id), json=given)["document"])

    def move(self, id: str, name: str, source: str) -> Document:
        """Tell that a document's file has another name or place."""
        body = {"name": name, "source": source}
        return document_of(self.send("POST", _path("documents", id) + "/move", json=body)["document"])

    @property
    def history(self) -> RemoteHistory:
        """What was asked with this client's key."""
        from ui.conversations_desk import RemoteHistory

        return RemoteHistory(self)

    def send(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401  # httpx's own
        """Send a request. Raises the error that the server raised, or LibraryBusy where it does not answer."""
        reply = self._request(method, path, **content)
        return _json(reply, self.address) if reply.content else {}

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401  # httpx's own
        try:
            reply = self._http.request(method, path, **content)
        except httpx.HTTPError as error:
            raise _silent(self.address, error) from None
        if reply.is_error:
            raise _told(reply, _json(reply, self.address) if reply.content else {})
        return reply


def _json(reply: httpx.Response, address: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = reply.json()
    except ValueError as error:
        raise _silent(address, error) from None
    return answer


def _silent(address: str, error: Exception) -> LibraryBusy:
    reason = f"The data folder belongs to a server at {address}, which does not answer ({error})."
    return LibraryBusy(reason, "Wait until it has started, or stop it.")


def _told(reply: httpx.Response, answer: dict[str, Any]) -> DossierError:
    if reply.status_code == 401:
        return Refused("The running server asks for its key.", "Set DOSSIER_KEY, or name a file: --key-file PATH")
    if "error" not in answer:
        return BadInput(f"The server answered {reply.status_code}.", "Is it a Dossier of the same version?")
    return error_of(answer, int(reply.headers.get("retry-after", "1")))


def _said(metadata: Metadata) -> dict[str, str]:
    names = ("title", "publisher", "author", "published", "language", "url")
    return {name: value for name in names if (value := getattr(metadata, name)) is not None}


def _filter(filter: Filter) -> dict[str, Any]:
    return {
        "documents": list(filter.documents),
        "publishers": list(filter.publishers),
        "published_from": filter.published_from,
        "published_to": filter.published_to,
        "undated": filter.undated,
    }


def _path(kind: str, name: str) -> str:
    return f"/v1/{kind}/{quote(name, safe='')}"
