"""SAMSEG: ``samseg.stats``, ``sbtiv.stats``, ``samseg.csv``, ``samseg.fs.stats``.

Formats reconstructed from the program's own writing code; no real file was at hand. ``Unknown`` is the background,
with nine litres, and is dropped. ``Intra-Cranial`` is head size.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bayescov.cohort.columns import ID_NAMES, usual_column
from bayescov.cohort.numbers import to_numbers
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas

__all__ = ["is_samseg_table", "read_samseg_table"]


def is_samseg_table(grid: Grid) -> bool:
    """Whether a table is ``samseg.csv``: one person, whom no column names, and a line a structure."""
    return [n.lower() for n in grid.names[:2]] == ["roi", "volume_mm3"] and not usual_column(
        grid.names, ID_NAMES
    )


def read_samseg_table(grid: Grid, atlas: Atlas, path: Path) -> Reading:
    """One person; the third column, a ratio to the head, is not needed."""
    names = grid.cells(0)
    values, bad = to_numbers(grid.cells(1))
    problems = [*grid.problems, *(f"the volume of {names[i]!r} is no number" for i in bad)]
    found: dict[str, float] = {}
    columns: dict[str, str] = {}
    for name, value in zip(names, values, strict=True):
        region = atlas.find(name)
        if region is not None:
            found[region.name], columns[region.name] = float(value), name
    subject = path.resolve().parent.name if path.name == "samseg.csv" else path.stem.removesuffix("_samseg")
    reading = Reading(
        tool="SAMSEG",
        subjects=[subject],
        volumes=pd.DataFrame([found]),
        others=pd.DataFrame(index=range(1)),
        unit="mm3",
        columns=columns,
        quirks=grid.quirks,
        problems=tuple(problems),
    )
    return replace(reading, source=str(path))
