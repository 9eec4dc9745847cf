"""The one door to onnxruntime and the models' own tokenizers: a model that sees one text, or one pair, a run."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """What a model gave for texts, by their digest alone: it gives the same for them in any company.

    The least lately used is forgotten first; no text is kept, so nothing that is removed lives on here.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._values: OrderedDict[bytes, Value] = OrderedDict()

    def of(self, make: Callable[[], Value], *texts: str) -> Value:
        """Give what is remembered of these texts, or make and remember it."""
        digest = hashlib.blake2b(json.dumps(texts).encode(), digest_size=16).digest()
        with self._lock:
            if digest in self._values:
                self._values.move_to_end(digest)
                return self._values[digest]
        value = make()
        with self._lock:
            self._values[digest] = value
            while len(self._values) > self._room:
                self._values.popitem(last=False)
        return value

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


class OnnxModel:
    """A model on one thread; cores work on several texts side by side, each in a run of its own."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def run(self, encoding: Encoding) -> NDArray[Any]:
        """Give the model's first output for one encoded text or pair, unpadded: its first axis has length 1."""
        ids = np.array([encoding.ids], np.int64)
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([encoding.type_ids], np.int64),
        }
        outputs = self._session.run(None, {key: value for key, value in feed.items() if key in self._inputs})
        return np.asarray(outputs[0])


def open_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that neither pads nor cuts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
