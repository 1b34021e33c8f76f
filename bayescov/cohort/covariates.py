"""Text columns -> covariates: numbers where all cells are numbers, text elsewhere, missing codes said."""

import re

import numpy as np
import pandas as pd

from bayescov.cohort.codes import are_codes, counted, may_be_codes
from bayescov.cohort.numbers import to_numbers
from bayescov.cohort.people import listed
from bayescov.cohort.table import CheckResult

__all__ = ["is_empty", "said_stray_text", "typed"]

_WORDS = frozenset(["", "n/a", "na", "nan", "null", "#n/a", "<na>", "missing", "not available"])
_MEASURED = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*([^\W\d_]+\.?)")
"""A number and its unit: ``44 y``."""
_MANY_LEVELS = 8
"""So many numbers with one unit are no levels, as ``1.5T`` and ``3T`` are."""
_CODE = re.compile(r"0\d+|\d{16,}")


def is_empty(cell: str) -> bool:
    """Whether a cell of a covariate says that nothing is there; fewer words do than for a volume, where no text belongs."""
    return cell.strip().lower() in _WORDS


def typed(others: pd.DataFrame) -> tuple[pd.DataFrame, list[CheckResult]]:
    """Covariates with a type: numbers (NaN where missing) or text (None where missing), and what was done.

    Codes with leading zeros (``007``) and whole numbers beyond 2**53 stay text: a number would change them.
    """
    columns: dict[str, object] = {}
    coded: list[str] = []
    doubtful: list[str] = []
    for name in others.columns:
        cells = [str(c).strip() for c in others[name].tolist()]
        cells = ["" if is_empty(c) else c for c in cells]
        seen = [c for c in cells if c]
        values, bad = to_numbers(cells)
        if (
            seen
            and not bad
            and np.isfinite(values).sum() == len(seen)
            and not any(map(_CODE.fullmatch, seen))
        ):
            code = are_codes(values)
            columns[str(name)] = np.where(code, np.nan, values)
            maybe = may_be_codes(values) & ~code
            if maybe.any():
                doubtful.append(f"{name} ({counted(values[maybe])})")
        else:
            maybe = may_be_codes(values)
            code = maybe & ~(values[~maybe] < 0).any()
            columns[str(name)] = np.array(
                [None if not c or gone else c for c, gone in zip(cells, code, strict=True)], dtype=object
            )
        if code.any():
            coded.append(f"{name} ({counted(values[code])})")
    frame = pd.DataFrame(columns, index=others.index)
    checks = []
    if coded:
        checks.append(CheckResult("missing codes", False, f"Read as missing: {listed(coded, 20)}."))
    if doubtful:
        text = (
            f"Taken for numbers, though missing values are often written so: {listed(doubtful, 20)}. Nothing else in the column "
            "tells; if they are codes for missing, empty these cells."
        )
        checks.append(CheckResult("possible codes", None, text))
    return frame, checks


def said_stray_text(name: str, column: pd.Series) -> str | None:
    """A sentence if most cells of a covariate are numbers and others, that are not missing, are text; if it mixes marks; or if a
    unit stands behind each number.

    Such a column is a mistake, not a factor with a level for every number.
    """
    column = column.dropna()
    if column.empty or pd.api.types.is_numeric_dtype(column):
        return None
    cells = [str(c) for c in column]
    units = {found[1] if found else "" for found in map(_MEASURED.fullmatch, cells)}
    if len(units) == 1 and units != {""} and len({*cells}) > _MANY_LEVELS:
        return (
            f"the covariate {name!r} has a unit behind its numbers ({cells[0]!r} for {column.index[0]}); write the numbers alone, "
            "or leave the covariate out"
        )
    commas = np.array(["," in c for c in cells])
    is_number = np.isfinite(to_numbers(cells)[0]) | np.isfinite(to_numbers(cells, ",")[0])
    if is_number.mean() <= 0.5 or (is_number.all() and not commas.any()):
        return None
    if is_number.all():
        points = np.array(["." in c for c in cells])
        one, other = (
            int(commas.argmax()),
            int((points & ~commas).argmax() if points.any() else (~commas).argmax()),
        )
        return (
            f"the covariate {name!r} mixes decimal commas and points ({cells[one]!r} for {column.index[one]}, {cells[other]!r} "
            f"for {column.index[other]}); write all its numbers alike, or leave the covariate out"
        )
    first, n = int(np.flatnonzero(~is_number)[0]), int((~is_number).sum())
    return (
        f"the covariate {name!r} holds numbers, but {str(column.iloc[first])!r} for {column.index[first]} "
        f"({n} such {'value' if n == 1 else 'values'}); correct it, or leave the covariate out"
    )
