"""The plain recipe: LangChain's recursive splitter, sentence-transformers in torch fp32, Chroma, the best four."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

SIZE, OVERLAP, BEST = 1000, 200, 4
AT_ONCE = 32
"""The batch that sentence-transformers takes by default."""


class Plain:
    """What most tutorials build, over a folder of its own."""

    def __init__(self, model: str, models: Path, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        self._splitter = RecursiveCharacterTextSplitter(chunk_size=SIZE, chunk_overlap=OVERLAP)
        self._model = _bge_shaped(models) if model == "bge-small" else _minilm(models)
        client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        self._collection = client.get_or_create_collection("plain", embedding_function=None)

    def add(self, texts: Sequence[str]) -> int:
        """Split, embed and store; give how many passages that made."""
        made = 0
        for number, text in enumerate(texts):
            passages = self._splitter.split_text(text)
            if passages:
                vectors = self._model.encode(passages, batch_size=AT_ONCE, show_progress_bar=False)
                names = [f"{number}-{at}" for at in range(len(passages))]
                self._collection.upsert(ids=names, embeddings=vectors, documents=passages)
            made += len(passages)
        return made

    def best(self, question: str) -> list[str]:
        """Give the four passages nearest to a question."""
        vector = self._model.encode([question], show_progress_bar=False)
        found = self._collection.query(query_embeddings=vector, n_results=BEST, include=["documents"])
        return list((found["documents"] or [[]])[0])


def _minilm(models: Path) -> Any:  # noqa: ANN401 - the type is the library's
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(models / "all-MiniLM-L6-v2"), device="cpu")


def _bge_shaped(models: Path) -> Any:  # noqa: ANN401
    """Make a model of bge-small's shape with weights drawn by chance: the same arithmetic, and no quality.

    Its own fp32 weights are not among the files that Dossier fetches; how long a product takes does not depend on them.
    """
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    made = SentenceTransformer(str(models / "all-MiniLM-L6-v2"), device="cpu")
    shape = BertConfig(hidden_size=384, num_hidden_layers=12, num_attention_heads=12, intermediate_size=1536)
    first: Any = made[0]
    first.model = BertModel(shape).eval()
    first.max_seq_length = 512
    return made
