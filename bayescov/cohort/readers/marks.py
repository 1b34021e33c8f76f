"""Decimal commas in columns that are no volumes: which columns have them, and their cells written with points.

The mark of a table is told from its volumes, which may be whole numbers, come from another program, or not be there at all
(a table of participants); so every column is judged by its own cells first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from bayescov.cohort.covariates import is_empty
from bayescov.cohort.numbers import decimal_mark, may_part_thousands, to_numbers
from bayescov.cohort.people import listed
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.table import CheckResult

__all__ = ["with_points"]

_BELOW_THOUSAND = re.compile(r"[+-]?\d{1,3}")


def with_points(where: Mapping[str, int], grid: Grid) -> tuple[dict[str, list[str]], list[CheckResult]]:
    """Cells of text with a decimal point where a whole column is numbers with commas; what was met.

    A column that mixes marks, or holds other text too, stays as it was written: `said_stray_text` tells of it.

    Parameters
    ----------
    where : mapping of str to int
        Name and position of columns of `grid` that hold no volumes.
    grid : Grid
        Its mark decides where a column's own cells do not (``1,234``).
    """
    out = {name: grid.cells(position) for name, position in where.items()}
    # numbers of a frame have no mark: their cells are not how somebody wrote them
    columns = {
        n: cells for n, cells in out.items() if not pd.api.types.is_numeric_dtype(grid.frame[where[n]])
    }
    own = {name: _mark(cells) for name, cells in columns.items()}
    usual = _usual(grid, own.values())
    commas = [name for name, mark in own.items() if mark == "," or (mark == "?" and usual == ",")]
    grouped = [name for name, cells in columns.items() if usual == "," and _has_thousands(cells)]
    out |= {name: [_with_point(c) for c in columns[name]] for name in commas}
    out |= {name: [c.replace(".", "") for c in columns[name]] for name in grouped}
    checks = []
    if commas and grid.decimal != ",":
        text = f"Numbers are written with decimal commas in {listed(list(map(repr, commas)), 20)}."
        checks.append(CheckResult("decimal commas", True, text))
    if grouped:
        first = next(c for c in columns[grouped[0]] if may_part_thousands(c))
        text = (
            f"Points part thousands in {listed(list(map(repr, grouped)), 20)}, as they do beside decimal commas ({first} was "
            f"read as {first.replace('.', '')}). If they are decimal points, write commas."
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
    numbers = np.nan_to_num(grid.frame.select_dtypes(np.number).to_numpy(dtype=float))
    if "." in known or bool((numbers % 1 != 0).any()):
        return "."
    return "." if grid.delimiter == "," else ","


def _has_thousands(cells: Sequence[str]) -> bool:
    """Whether points of a column of numbers part thousands: three digits follow each, and only numbers below have none."""
    seen = [c for c in cells if not is_empty(c)]
    pointed = [c for c in seen if "." in c]
    return (
        bool(pointed)
        and all(map(may_part_thousands, pointed))
        and not any(c.lstrip("+-").startswith("0") for c in pointed)
        and all(_BELOW_THOUSAND.fullmatch(c) for c in seen if "." not in c)
    )


def _numbers(seen: Sequence[str], decimal: str) -> bool:
    return bool(np.isfinite(to_numbers(seen, decimal)[0]).all())


def _with_point(cell: str) -> str:
    return cell.replace(".", "").replace(",", ".") if "," in cell else cell
