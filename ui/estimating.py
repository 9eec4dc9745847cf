"""What a large import will take, told before it begins; one for which the disk has no room is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import StorageFull
from index.estimating import by_ending, is_large
from index.records import Estimate

if TYPE_CHECKING:
    from index.shelf import Shelf
    from ui.desk import Desk

LARGE_UPLOAD = 50_000_000
"""Bytes of one request from which on it is judged; whoever sends many in small requests has judged them all."""
Say = Callable[[str], object]
"""Takes a line for whoever began it."""


def unsaid(line: str) -> None:
    """Say it to nobody."""


Expect = Callable[[Estimate], object]
"""Takes what it will take, for a program."""


def unasked(estimate: Estimate) -> None:
    """Tell it to no program."""


def refuse_upload_without_room(shelf: Shelf, files: Sequence[tuple[str, int]]) -> None:
    """Judge the files of one request, by their names and bytes. Raises StorageFull."""
    if sum(size for _, size in files) >= LARGE_UPLOAD:
        refuse_without_room(shelf.estimate(by_ending(files)))


def refuse_without_room(estimate: Estimate, *, hint: str = "Free some space on this disk.") -> None:
    """Raise StorageFull where the disk has no room for it."""
    if not estimate.fits:
        raise StorageFull(
            f"These files would take about {_size(estimate.disk)} of disk; {_size(estimate.free)} are free.", hint
        )


def judge(desk: Desk, files: Iterable[Path], say: Say, *, yes: bool, expect: Expect = unasked) -> None:
    """Say what many files will take. Raises StorageFull where the disk has no room for them, unless `yes`."""
    sizes = [(path.name, _bytes_of(path)) for path in files]
    if is_large(sizes):
        estimate = desk.estimate(by_ending(sizes))
        say(told(estimate))
        expect(estimate)
        if not yes:
            refuse_without_room(estimate, hint="Free some space on this disk, or try it nevertheless with --yes.")


def told(estimate: Estimate) -> str:
    """Say it in a line."""
    by = "by what it took here before" if estimate.measured else "by what it takes elsewhere"
    return (
        f"This may take {_time(estimate.seconds)} and {_size(estimate.disk)} of disk ({_size(estimate.free)} free):"
        f" about {estimate.passages:,} passages, judged {by}."
    )


def _bytes_of(path: Path) -> int:
    with suppress(OSError):  # gone since the walk: told when it is its turn
        return path.stat().st_size
    return 0


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _size(bytes: int) -> str:
    return f"{bytes / 1e9:.1f} GB" if bytes >= 1e9 else f"{bytes / 1e6:.0f} MB"
