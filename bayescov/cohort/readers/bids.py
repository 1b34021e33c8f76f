"""BIDS: `participants.tsv`, and the levels its JSON sidecar describes."""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from bayescov.cohort.columns import ID_NAMES, find_column, usual_column
from bayescov.cohort.readers.frames import grid_of_frame
from bayescov.cohort.readers.grid import Grid, read_grid, read_text
from bayescov.cohort.readers.marks import with_points
from bayescov.cohort.table import CheckResult
from bayescov.errors import TableError, nearest

__all__ = ["companion", "levels_of", "read_participants"]


def companion(source: Any) -> Path | None:
    """The ``participants.tsv`` that belongs to a folder: in it, or at the root of its BIDS data set."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    folder = Path(source)
    if not folder.is_dir():
        return None
    places = (
        [folder, folder.parent, folder.parent.parent] if folder.parent.name == "derivatives" else [folder]
    )
    return next((p / "participants.tsv" for p in places if (p / "participants.tsv").is_file()), None)


def read_participants(
    source: str | os.PathLike[str] | pd.DataFrame, id: str | None
) -> tuple[pd.DataFrame, list[str], tuple[CheckResult, ...], list[str]]:
    """The columns of a participants' table as text, the ids, what was met, and problems.

    Raises
    ------
    TableError
        If it cannot be read. Says that it is this table: the fault is not to be looked for in the volumes.
    """
    if isinstance(source, pd.DataFrame):
        grid = grid_of_frame(source)
    else:
        path = Path(source)
        try:
            _require_file(path)
            text, quirks = read_text(path)
            read = read_grid(text, str(path), lambda name: False)
        except TableError as error:
            sentences = [f"the participants' table cannot be read: {problem}" for problem in error.problems]
            raise TableError(sentences, source=str(path)) from error
        grid = Grid(
            read.names,
            read.frame,
            read.delimiter,
            read.decimal,
            (*quirks, *read.quirks),
            read.problems,
            str(path),
        )
    problems = [f"in the participants' table, {p}" for p in grid.problems]
    name = None
    if id is not None:
        name, _ = find_column(id, grid.names, "id")
    if name is None:
        usual = usual_column(grid.names, ID_NAMES)
        name = usual[0] if usual else (grid.names[0] if not grid.names[0] else None)
    if name is None:
        shown = ", ".join(map(repr, grid.names[:20]))
        return (
            pd.DataFrame(),
            [],
            grid.quirks,
            [*problems, f"the participants' table has no column of ids (columns: {shown})"],
        )
    where = grid.names.index(name)
    columns, marks = with_points({n: i for i, n in enumerate(grid.names) if i != where and n}, grid)
    return (
        pd.DataFrame(columns, index=range(len(grid.frame)), dtype=object),
        grid.cells(where),
        (*grid.quirks, *marks),
        problems,
    )


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise TableError("this is a folder; name the file in it", source=str(path))
    if not path.exists():
        beside = sorted(p.name for p in path.parent.iterdir())[:2000] if path.parent.is_dir() else []
        raise TableError(f"there is no such file{nearest(path.name, beside)}", source=str(path))


def levels_of(source: Any) -> dict[str, dict[str, str]]:
    """Of each column, what its levels mean, from the JSON file beside a table; empty if there is none."""
    if not isinstance(source, (str, os.PathLike)) or not Path(source).is_file():
        return {}
    sidecar = Path(source).with_suffix(".json")
    if not sidecar.is_file() or sidecar == Path(source):
        return {}
    try:
        described = json.loads(sidecar.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    if not isinstance(described, dict):
        return {}
    return {
        str(column): {str(level): str(meaning) for level, meaning in about["Levels"].items()}
        for column, about in described.items()
        if isinstance(about, dict) and isinstance(about.get("Levels"), dict)
    }
