"""volBrain 1.0: one row a report, volumes in cm3 and as percent of the head.

Reconstructed from programs that read these reports; separator and order were not seen on a real file. Quirks: ``Cerebelum``,
``Hipocampus``, ``Amigdala``, ``Assymetry``; total, right and left of each structure; decimal commas in spreadsheets.
"""

import re
from dataclasses import replace

from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["is_volbrain", "read_volbrain"]

_TISSUE_OF_SIDE = re.compile(r"^(Cerebrum|Cerebell?um) ([TRL]) (GM|WM)\b")
_RATIO = re.compile(r"%|ass?ymm?etry", re.IGNORECASE)


def is_volbrain(grid: Grid) -> bool:
    """Whether the header has volumes in cm3 and percent side by side, and volBrain's tissues."""
    lowered = [n.lower() for n in grid.names]
    return any(n.startswith("tissue ") for n in lowered) and sum(n.endswith("cm3") for n in lowered) >= 5


def read_volbrain(grid: Grid, atlas: Atlas, id: str | None, extra: tuple[str, ...] = ()) -> Reading:
    """Volumes in cm3; percentages and asymmetries follow from them and are left out."""
    ratios = [i for i, n in enumerate(grid.names) if _RATIO.search(n)]
    kept = [i for i in range(len(grid.names)) if i not in set(ratios)]
    frame = grid.frame[kept].set_axis(range(len(kept)), axis=1)
    slim = replace(grid, names=[grid.names[i] for i in kept], frame=frame)
    reading = replace(wide(slim, atlas, id=id, extra=extra, spelled=_spelled), tool="volBrain", unit="cm3")
    text = (
        f"{len(ratios)} columns of percentages and asymmetries were left out: they follow from the volumes."
    )
    return reading.noting(CheckResult("volBrain columns", True, text))


def _spelled(name: str) -> str:
    """``Cerebrum L GM cm3`` -> ``left Cerebrum GM cm3``."""
    match = _TISSUE_OF_SIDE.match(name)
    if not match:
        return name
    side = {"T": "total", "R": "right", "L": "left"}[match[2]]
    return f"{side} {match[1]} {match[3]}{name[match.end() :]}"
