"""What ``asegstats2table`` and ``aparcstats2table`` write: TSV or CSV, transposed or not. Real tables were used.

The first cell names the measure: ``Measure:volume``, ``lh.aparc.volume``, ``rh.aparc.thickness``. A measure missing in
some people's files is filled with 0. ``--parcid-only`` leaves the hemisphere to the first cell.
"""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescov.cohort.numbers import to_numbers
from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.errors import TableError

__all__ = ["is_stats_table", "read_stats_table", "read_transposed", "regions_in_rows"]

_FIRST = re.compile(r"^(Measure:(?P<of_seg>\w+)|(?P<hemi>[lr]h)\.(?P<parc>.+)\.(?P<of_parc>\w+))$")
_VOLUMES = ("volume", "grayvol")


def is_stats_table(grid: Grid) -> bool:
    """Whether the first cell names a FreeSurfer measure."""
    return _FIRST.match(grid.names[0]) is not None


def read_stats_table(grid: Grid, atlas: Atlas, id: str | None = None, extra: tuple[str, ...] = ()) -> Reading:
    """A table of ``asegstats2table`` or ``aparcstats2table``; a problem if it holds something else than volumes."""
    match = _FIRST.match(grid.names[0])
    assert match is not None
    measure = match["of_seg"] or match["of_parc"]
    if measure.lower() not in _VOLUMES:
        problem = f"the table holds {measure}, not volumes; write it with --meas volume"
        grid = replace(grid, problems=(*grid.problems, problem))
    tool = (
        "FreeSurfer asegstats2table" if match["of_seg"] else f"FreeSurfer aparcstats2table ({match['parc']})"
    )
    if regions_in_rows(grid, atlas):
        return replace(read_transposed(grid, atlas), tool=f"{tool}, transposed", unit="mm3")
    hemisphere = match["hemi"]

    def spelled(name: str) -> str:
        region = atlas.find(name)
        if hemisphere and region is not None and region.hemisphere == "both":
            return f"ctx-{hemisphere}-{name}"
        return name

    reading = wide(grid, atlas, id=id if id in grid.names else grid.names[0], extra=extra, spelled=spelled)
    return replace(reading, tool=tool, unit="mm3")


def regions_in_rows(grid: Grid, atlas: Atlas) -> bool:
    """Whether the first column, not the header, names the regions."""
    in_header = sum(atlas.find(n) is not None for n in grid.names[1:])
    if in_header > 0.5 * len(grid.names) or pd.api.types.is_numeric_dtype(grid.frame[0]):
        return False
    first = [c for c in grid.text(0) if c]
    in_rows = sum(atlas.find(c) is not None for c in first)
    return in_rows >= 3 and in_rows > 0.4 * len(first) and in_rows > in_header


def read_transposed(grid: Grid, atlas: Atlas) -> Reading:
    """A table with regions in rows and people in columns."""
    subjects = grid.names[1:]
    if not subjects:
        raise TableError(
            "the only column names regions, and no volumes stand beside them; give one column a person",
            source=grid.source,
        )
    written = grid.cells(0)
    columns = [to_numbers(grid.cells(i), grid.decimal) for i in range(1, len(grid.names))]
    problems = list(grid.problems)
    for subject, (_, bad) in zip(subjects, columns, strict=True):
        problems += [
            f"{subject} has text where the volume of {written[i]!r} belongs"
            for i in bad
            if atlas.find(written[i])
        ]
    frame = pd.DataFrame(np.vstack([values for values, _ in columns]), columns=range(1, len(written) + 1))
    frame.insert(0, 0, pd.Series(subjects, dtype=object))
    cells = Grid(
        ["", *written],
        frame,
        grid.delimiter,
        ".",
        grid.quirks,
        tuple(problems),
        grid.source,
    )
    return replace(wide(cells, atlas, id=""), tool="table with regions in rows")
