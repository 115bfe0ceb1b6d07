"""What a long measurement has done so far, on disk, so that a run that was stopped goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Ledger:
    """Rows of one JSON object a line, under a first line that says of which run they are."""

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        """Take over the rows in ``path`` where they are of the same run; else begin anew."""
        self._path = path
        header = json.dumps(run, sort_keys=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        lines = lines[1:] if lines[:1] == [header] else []
        self._rows = [row for line in lines if (row := _whole(line))]
        kept = [header, *map(json.dumps, self._rows)]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")

    def add(self, kind: str, row: Mapping[str, Any]) -> None:
        """Keep a row of a kind: it is on disk when this returns."""
        kept = {"kind": kind, **row}
        self._rows.append(kept)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(kept) + "\n")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The rows of one kind, as they were added."""
        return [
            {name: value for name, value in row.items() if name != "kind"}
            for row in self._rows
            if row["kind"] == kind
        ]

    def close(self) -> None:
        """Everything is done: the rows go."""
        self._path.unlink(missing_ok=True)


def _whole(line: str) -> dict[str, Any] | None:
    """A row, None for the last line of a process that died in the middle of it."""
    try:
        row: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row
