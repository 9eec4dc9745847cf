"""What the machine can do at this moment: multiply-adds in fp32 and int8, and memory bandwidth, all cores together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import onnxruntime

ROWS, DEEP, WIDE = 256, 384, 1536
"""The shapes of the embedder's widest layer over 256 tokens."""
SECONDS = 0.6


@dataclass(frozen=True)
class Probe:
    """What was reached, at best, in a short time."""

    fp32: float
    """10^9 multiply-adds a second in single precision."""
    int8: float
    """10^9 multiply-adds a second in 8-bit integers, without quantising anything."""
    memory: float
    """10^9 bytes read a second."""
    cores: int
    load: float
    """Mean number of running tasks in the last minute, ours included."""

    def line(self) -> str:
        """Write it as one line."""
        return (
            f"{self.cores} cores, load {self.load:.1f}: fp32 {self.fp32:.0f}, int8 {self.int8:.0f} thousand million "
            f"multiply-adds a second, memory {self.memory:.1f} GB/s"
        )


def probe() -> Probe:
    """Measure for about two seconds."""
    cores = os.cpu_count() or 1
    work = ROWS * DEEP * WIDE / 1e9
    whole = np.ones(32_000_000, np.float32)
    parts = np.array_split(whole, cores)
    return Probe(
        fp32=work * _most(_product("MatMul", np.float32), cores),
        int8=work * _most(_product("MatMulInteger", np.uint8), cores),
        memory=whole.nbytes / 1e9 * _most_of([part.sum for part in parts], cores),
        cores=cores,
        load=os.getloadavg()[0],
    )


def known() -> dict[str, str]:
    """Give what the figures depend on: the processor and the versions of what computes."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a device's file
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    flags = lines.get("flags\t\t", "").split()
    has = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8") if name in flags]
    return {
        "processor": lines.get("model name\t", "?").strip(),
        "has": " ".join(has),
        "onnxruntime": str(onnxruntime.__version__),
        "numpy": np.__version__,
    }


def _most(once: Callable[[], object], cores: int) -> float:
    """Let every core do the same; give how often all of them together did it in a second, at best."""
    return cores * _most_of([once] * cores, cores)


def _most_of(works: list[Callable[[], object]], cores: int) -> float:
    best, until = float("inf"), time.perf_counter() + SECONDS
    with ThreadPoolExecutor(cores) as pool:
        while time.perf_counter() < until:
            began = time.perf_counter()
            list(pool.map(lambda work: work(), works))
            best = min(best, time.perf_counter() - began)
    return 1 / best


@cache
def _product(operation: str, kind: type[np.generic]) -> Callable[[], object]:
    """Give a run of a product with a constant matrix, ten of them in a row, through onnxruntime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(_model(operation, kind), options, providers=["CPUExecutionProvider"])
    feed = {"a": np.ones((ROWS, DEEP), kind)}

    def once() -> object:
        return session.run(None, feed)

    return once


# The model is written by hand in the few fields of ONNX's protocol buffers that it needs.


def _model(operation: str, kind: type[np.generic]) -> bytes:
    given = {np.float32: 1, np.uint8: 2}[kind]  # type: ignore[index]
    given_b, made = (1, 1) if given == 1 else (3, 6)
    weights = np.ones((DEEP, WIDE), np.float32 if given == 1 else np.int8)
    constant = (
        _number(1, DEEP) + _number(1, WIDE) + _number(2, given_b) + _bytes(8, b"b") + _bytes(9, weights.tobytes())
    )
    node = _bytes(1, b"a") + _bytes(1, b"b") + _bytes(2, b"y") + _bytes(4, operation.encode())
    graph = _bytes(1, node) + _bytes(2, b"probe") + _bytes(5, constant)
    graph += _bytes(11, _value(b"a", given, (ROWS, DEEP))) + _bytes(12, _value(b"y", made, (ROWS, WIDE)))
    return _number(1, 8) + _bytes(8, _bytes(1, b"") + _number(2, 13)) + _bytes(7, graph)


def _value(name: bytes, kind: int, shape: tuple[int, int]) -> bytes:
    axes = b"".join(_bytes(1, _number(1, length)) for length in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, axes)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


if __name__ == "__main__":
    print(asdict(probe()) | known())
