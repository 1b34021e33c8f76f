"""Decimal commas in columns that are no volumes: which columns have them, and their cells written with points.

The mark of a table is told from its volumes, which may be whole numbers, come from another program, or not be there at all
(a table of participants); so every column is judged by its own cells first.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bayescov.cohort.covariates import is_empty
from bayescov.cohort.numbers import decimal_mark, may_part_thousands, to_numbers
from bayescov.cohort.people import listed
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.table import CheckResult

__all__ = ["with_points"]

Columns = Mapping[str, Sequence[str]]


def with_points(columns: Columns, grid: Grid) -> tuple[dict[str, list[str]], list[CheckResult]]:
    """Cells of text with a decimal point where a whole column is numbers with commas; what was met.

    A column that mixes marks, or holds other text too, stays as it was written: `said_stray_text` tells of it.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        Columns of `grid` that hold no volumes.
    grid : Grid
        The table they are from; its mark decides where a column's own cells do not (``1,234``).
    """
    own = {name: _mark(cells) for name, cells in columns.items()}
    usual = _usual(grid, own.values())
    commas = [name for name, mark in own.items() if mark == "," or (mark == "?" and usual == ",")]
    out = {
        name: [_with_point(c) for c in cells] if name in commas else list(cells)
        for name, cells in columns.items()
    }
    checks = []
    if commas and grid.decimal != ",":
        text = f"Numbers are written with decimal commas in {listed(list(map(repr, commas)), 20)}."
        checks.append(CheckResult("decimal commas", True, text))
    doubtful = [name for name, cells in columns.items() if usual == "," and _may_be_thousands(cells)]
    if doubtful:
        first = next(c for c in columns[doubtful[0]] if may_part_thousands(c))
        text = (
            f"Beside decimal commas stand numbers whose point may part thousands, in {listed(list(map(repr, doubtful)), 20)} "
            f"({first!r}): the point was read as a decimal one. If it parts thousands, write these numbers without it."
        )
        checks.append(CheckResult("points beside decimal commas", False, text))
    return out, checks


def _mark(cells: Sequence[str]) -> str:
    """The mark of a column of numbers; ``"?"`` if its commas may part thousands, ``""`` if it is text or has no mark."""
    seen = [c for c in cells if not is_empty(c)]
    if not any("," in c for c in seen):
        return "." if any("." in c for c in seen) and _numbers(seen, ".") else ""
    if any("." in c and "," not in c for c in seen) or not _numbers(seen, ","):
        return ""
    # with a comma for a delimiter, commas that may part thousands are taken for such: here that means "not told"
    return "," if decimal_mark(seen, ",") == "," else "?"


def _usual(grid: Grid, marks: Iterable[str]) -> str:
    """The mark of a table where a column does not tell: as in its volumes, else as in its other columns."""
    known = set(marks)
    if "," in (grid.decimal, *known):
        return ","
    numbers = grid.frame.select_dtypes(np.number)
    if "." in known or bool((numbers.to_numpy(dtype=float, na_value=0.0) % 1 != 0).any()):
        return "."
    return "." if grid.delimiter == "," else ","


def _may_be_thousands(cells: Sequence[str]) -> bool:
    """Whether points of a column of numbers may part thousands, and none is surely a decimal one."""
    seen = [c for c in cells if not is_empty(c)]
    pointed = [c for c in seen if "." in c]
    return (
        bool(pointed)
        and not any("," in c for c in seen)
        and all(map(may_part_thousands, pointed))
        and _numbers(seen, ".")
    )


def _numbers(seen: Sequence[str], decimal: str) -> bool:
    return bool(np.isfinite(to_numbers(seen, decimal)[0]).all())


def _with_point(cell: str) -> str:
    return cell.replace(".", "").replace(",", ".") if "," in cell else cell
