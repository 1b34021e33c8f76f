"""Which tool wrote a file or a frame, told from its content."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bayescov.cohort.readers import cat12, enigma, freesurfer_tables, fsl, long, samseg, synthseg, volbrain
from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.frames import grid_of_frame
from bayescov.cohort.readers.freesurfer import read_stats
from bayescov.cohort.readers.grid import Grid, read_grid, read_text
from bayescov.cohort.readers.stats import looks_like_stats
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.errors import TableError

__all__ = ["read_file", "read_frame"]


def read_file(path: Path, atlas: Atlas, id: str | None = None, extra: tuple[str, ...] = ()) -> Reading:
    """One file of any tool.

    Raises
    ------
    TableError
        If it is no table, or one that holds no volumes.
    """
    text, quirks = read_text(path)
    if looks_like_stats(text):
        return read_stats([path], atlas)
    if text.lstrip().startswith("<"):
        if not cat12.looks_like_cat12(text):
            raise TableError(
                "the file is XML or HTML, but not CAT12's (catROI_*.xml, cat_*.xml); save the volumes as CSV or TSV",
                source=str(path),
            )
        return cat12.read_cat12([path], atlas)
    if fsl.looks_like_sienax(text) or fsl.looks_like_first(text) or fsl.looks_like_segstats(text):
        return fsl.read_fsl([path], atlas)
    if text.lstrip().startswith(("{", "[")):
        raise TableError(
            "the file is JSON, but not of structures with voxels and mm3; save the volumes as CSV or TSV",
            source=str(path),
        )
    grid = read_grid(text, str(path), lambda name: name in extra or atlas.find(name) is not None)
    grid = Grid(
        grid.names,
        grid.frame,
        grid.delimiter,
        grid.decimal,
        (*quirks, *grid.quirks),
        grid.problems,
        str(path),
    )
    return _read_table(grid, atlas, id, extra)


def read_frame(
    frame: pd.DataFrame, atlas: Atlas, id: str | None = None, extra: tuple[str, ...] = ()
) -> Reading:
    """A frame of the shape of any table.

    Raises
    ------
    TableError
        If it is empty, or holds no volumes.
    """
    reading = _read_table(grid_of_frame(frame), atlas, id, extra)
    tool = "pandas frame" if reading.tool == "table" else f"pandas frame, {reading.tool}"
    # who has a frame may have converted it: what a tool writes in says nothing of it, the names of its columns do
    return replace(reading, tool=tool, unit=None)


def _read_table(grid: Grid, atlas: Atlas, id: str | None, extra: tuple[str, ...]) -> Reading:
    """A table of any tool; what no tool claims is a wide table."""
    if enigma.is_effect_sizes(grid):
        raise TableError(
            "the table holds effect sizes of a consortium, not volumes; give a table with one row a person",
            source=grid.source,
        )
    if samseg.is_samseg_table(grid):
        return samseg.read_samseg_table(grid, atlas, Path(grid.source))
    if freesurfer_tables.is_stats_table(grid):
        return freesurfer_tables.read_stats_table(grid, atlas, id, extra)
    if synthseg.is_synthseg_scores(grid):
        return synthseg.read_scores(grid)
    if synthseg.is_synthseg(grid):
        return synthseg.read_synthseg(grid, atlas, id, extra)
    if enigma.is_enigma(grid):
        return enigma.read_enigma(grid, atlas, id, extra)
    if volbrain.is_volbrain(grid):
        return volbrain.read_volbrain(grid, atlas, id, extra)
    if long.is_long(grid, atlas):
        return long.read_long(grid, atlas, id)
    if freesurfer_tables.regions_in_rows(grid, atlas):
        return freesurfer_tables.read_transposed(grid, atlas)
    if cat12.is_cat12_table(grid, atlas):
        return cat12.read_cat12_table(grid, atlas)
    _require_header_on_top(grid, atlas)
    return wide(grid, atlas, id=id, extra=extra)


def _require_header_on_top(grid: Grid, atlas: Atlas) -> None:
    """Refuse a table whose region names stand below a title."""
    if any(atlas.find(n) is not None for n in grid.names):
        return
    for row in range(min(5, len(grid.frame))):
        names = [str(c) for c in grid.frame.iloc[row]]
        if sum(atlas.find(n) is not None for n in names) >= 3:
            raise TableError(
                f"the names of regions stand in row {row + 2} of the file; delete what is above them, so that the header comes first",
                source=grid.source,
            )
