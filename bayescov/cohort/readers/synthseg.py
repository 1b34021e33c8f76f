"""SynthSeg: the CSV of ``--vol`` (version 1 with two header rows, version 2), and the scores of ``--qc``.

Formats reconstructed from the program's own writing code; no real file was at hand. Names are lower-case with blanks;
the first header cell is ``subject`` or empty; version 1 writes FreeSurfer's label numbers under the names.
Cortical volumes of ``--parc`` were wrong before February 2023, by a known fault of the program.
"""

from dataclasses import replace

import pandas as pd

from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["is_synthseg", "is_synthseg_scores", "read_scores", "read_synthseg"]

_SIGNS = {"left cerebral white matter", "left accumbens area", "left cerebellum cortex", "right ventral dc"}
_SCORES = {"general white matter", "general grey matter", "general csf"}


def is_synthseg(grid: Grid) -> bool:
    """Whether the header has SynthSeg's spellings."""
    return len(_SIGNS & {n.lower() for n in grid.names if n == n.lower() or n.endswith("DC")}) >= 2


def is_synthseg_scores(grid: Grid) -> bool:
    """Whether a table holds the scores of ``--qc``, numbers from 0 to 1."""
    return len(_SCORES & {n.lower() for n in grid.names}) >= 2


def read_synthseg(grid: Grid, atlas: Atlas, id: str | None, extra: tuple[str, ...] = ()) -> Reading:
    """Volumes in mm3; the row of label numbers of version 1 is skipped."""
    first = grid.frame.iloc[0] if len(grid.frame) else None
    labelled = first is not None and not grid.text(0).iloc[0] and _small_whole_numbers(grid)
    version = "version 1 (two header rows)" if labelled else "version 2"
    if labelled:
        grid = replace(grid, frame=grid.frame.iloc[1:].reset_index(drop=True))
    reading = replace(wide(grid, atlas, id=id, extra=extra), tool=f"SynthSeg, {version}", unit="mm3")
    reading = replace(
        reading, subjects=[s.removesuffix(".nii.gz").removesuffix(".nii") for s in reading.subjects]
    )
    if any(str(n).startswith("ctx-") for n in reading.volumes):
        text = "Cortical volumes of SynthSeg --parc were wrong in releases before February 2023."
        reading = reading.noting(CheckResult("cortical volumes", None, text))
    return reading


def _small_whole_numbers(grid: Grid) -> bool:
    row = [grid.text(i).iloc[0] for i in range(1, len(grid.names))]
    numbers = pd.to_numeric(pd.Series(row), errors="coerce")
    return bool(
        numbers.notna().all() and (numbers % 1 == 0).all() and (numbers < 100_000).all() and numbers.is_unique
    )


def read_scores(grid: Grid) -> Reading:
    """The scores as covariates ``qc_...``; there are no volumes."""
    others = pd.DataFrame({f"qc_{n.replace(' ', '_')}": grid.text(i) for i, n in enumerate(grid.names) if i})
    return Reading(
        tool="SynthSeg scores",
        subjects=[s.removesuffix(".nii.gz").removesuffix(".nii") for s in grid.text(0)],
        volumes=pd.DataFrame(index=range(len(grid.frame))),
        others=others,
        unit="mm3",
        quirks=grid.quirks,
        problems=grid.problems,
        source=grid.source,
    )
