"""ENIGMA: ``LandRvolumes.csv``. Real example tables of the ENIGMA toolbox were used.

Quirks: blanks around header names, lower-case names, ``x`` or ``NA`` for failed quality checks, ICV with six digits
(``1.46591e+06``) or, in old tables, a scaling factor near 1 instead of a volume; empty thalamus cells where the old
script met FreeSurfer 7.
"""

from dataclasses import replace

from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas, key
from bayescov.cohort.table import CheckResult

__all__ = ["is_effect_sizes", "is_enigma", "read_enigma"]

_NAMES = {
    f"{side}{s}"
    for side in "lr"
    for s in ("latvent", "thal", "caud", "put", "pal", "hippo", "amyg", "accumb")
}


def is_enigma(grid: Grid) -> bool:
    """Whether the header has most of the protocol's sixteen names."""
    return len(_NAMES & {key(n) for n in grid.names}) >= 10


def is_effect_sizes(grid: Grid) -> bool:
    """Whether a table holds the consortium's effect sizes, which are no volumes."""
    return {"structure", "dicv", "npatients"} <= {key(n) for n in grid.names}


def read_enigma(grid: Grid, atlas: Atlas, id: str | None, extra: tuple[str, ...] = ()) -> Reading:
    """Volumes in mm3."""
    reading = replace(wide(grid, atlas, id=id, extra=extra), tool="ENIGMA LandRvolumes", unit="mm3")
    for name in ("Left-Thalamus", "Right-Thalamus"):
        if name in reading.volumes and reading.volumes[name].isna().all() and len(reading.subjects):
            text = f"{name} is empty for everybody, as when the protocol's old script met FreeSurfer 7; write the table anew."
            reading = reading.noting(CheckResult("empty thalamus", False, text))
    return reading
