"""How long adding takes here: one row of settings, which outlives the jobs it was learnt from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePath

from index.library.database import Database
from index.library.rows import sound_row

NAME = "rate of adding"
REMEMBERED = 20_000
"""Passages; older ones count half, and half again, as more come."""
MOST_LOOKED_AT = 2000
"""Documents, the newest, by which it is judged how many passages a file of a kind makes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What was measured; a mean of nothing has 0 passages."""

    passages: int = 0
    seconds: float = 0.0


class Rates:
    """Learns from what is added."""

    def __init__(self, database: Database, originals: Path) -> None:
        self._database = database
        self._originals = originals

    def note(self, passages: int, seconds: float) -> None:
        """Count passages that were added, and how long that took."""
        with self._database.write() as connection:
            known = self.rate()
            fade = 0.5 if known.passages > REMEMBERED else 1.0
            row = [round(known.passages * fade) + passages, known.seconds * fade + seconds]
            connection.execute(
                "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                (NAME, json.dumps(row)),
            )

    def rate(self) -> Rate:
        """Give what was measured."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM settings WHERE name = ?", (NAME,)).fetchone()
        if row is None:
            return Rate()
        with sound_row("settings"):
            passages, seconds = json.loads(row[0])
            return Rate(int(passages), float(seconds))

    def kinds(self) -> dict[str, tuple[int, int]]:
        """Give, by the ending of files' names, how many bytes the newest of them have and how many passages."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT d.name, v.original, v.passages FROM documents d JOIN versions v ON v.key = d.version"
                " WHERE v.original IS NOT NULL ORDER BY d.key DESC LIMIT ?",
                (MOST_LOOKED_AT,),
            ).fetchall()
        found: dict[str, tuple[int, int]] = {}
        for name, original, passages in rows:
            path = self._originals / original
            if path.is_file():
                ending = PurePath(name).suffix.lower()
                size, many = found.get(ending, (0, 0))
                found[ending] = (size + path.stat().st_size, many + passages)
        return found
