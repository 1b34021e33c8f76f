"""Cells of text -> numbers: missing codes, decimal commas, thousands."""

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "MISSING_NUMBERS",
    "MISSING_WORDS",
    "decimal_mark",
    "is_missing_code",
    "is_missing_word",
    "may_part_thousands",
    "to_number",
    "to_numbers",
]

MISSING_WORDS = frozenset(
    [
        "",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "missing",
        ".",
        "-",
        "--",
        "?",
        "x",
        "#n/a",
        "#value!",
        "#div/0!",
        "#null!",
    ]
)
"""Cells that say "not there", in lower case. ``x`` is how a failed quality check is marked by hand."""

MISSING_NUMBERS = frozenset([-9.0, -99.0, -999.0, -9999.0, -99999.0, -999999.0])
"""Numbers that say "not there"; none is a volume."""

_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+([eE][+-]?\d+)?$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)
_PARTED = re.compile(r"^[+-]?\d{1,3}([\u00a0\u2009\u202f'’]\d{3})+([.,]\d+)?$", re.ASCII)
"""Thousands parted as spreadsheets do in French, by a space that does not break, or in Switzerland, by an apostrophe; a plain
space may as well be a slip."""

_POINT_GROUPS = re.compile(r"^[+-]?\d{1,3}(\.\d{3})+$")
_THOUSANDS_POINT = re.compile(r"^[+-]?\d{1,3}(\.\d{3})+,\d+$")


def is_missing_word(cell: str) -> bool:
    """Whether a cell says that nothing is there."""
    return cell.strip().lower() in MISSING_WORDS


def is_missing_code(cell: str) -> bool:
    """Whether a cell is a number that says that nothing is there: ``-9``, ``-99.0``."""
    return float(to_numbers([cell])[0][0]) in MISSING_NUMBERS


def may_part_thousands(cell: str) -> bool:
    """Whether a cell is digits in groups of three behind points: ``1.234`` is 1234 where commas are decimal."""
    return _POINT_GROUPS.match(cell.strip()) is not None


def decimal_mark(cells: Iterable[str], delimiter: str) -> str:
    """``","`` where the cells with a comma are best read that way, else ``"."`` (commas part thousands)."""
    ambiguous = False
    for cell in (_together(c) for c in cells):
        if _THOUSANDS_POINT.match(cell) or (_COMMA_NUMBER.match(cell) and not _THOUSANDS.match(cell)):
            return ","
        if _THOUSANDS.match(cell):
            if "." in cell:
                return "."
            if cell.lstrip("+-").startswith("0"):
                return ","
            ambiguous = True
    return "," if ambiguous and delimiter != "," else "."


def _together(cell: str) -> str:
    """A cell without what surrounds it, and without the spaces or apostrophes that part its thousands."""
    text = cell.strip()
    return re.sub(r"[^\d.,+-]", "", text) if _PARTED.match(text) else text


def to_number(cell: str, decimal: str = ".") -> float:
    """One cell as a number; NaN where missing, ValueError where it is text or can be read in two ways."""
    text = _together(cell)
    if text.lower() in MISSING_WORDS:
        return float("nan")
    if decimal == ",":
        if "," not in text and _POINT_GROUPS.match(text):
            raise ValueError(cell)
        text = text.replace(".", "").replace(",", ".") if "," in text else text
    elif "," in text:
        if not _THOUSANDS.match(text):
            raise ValueError(cell)
        text = text.replace(",", "")
    if not _NUMBER.match(text):
        raise ValueError(cell)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(cell)
    return value


def to_numbers(cells: Sequence[object], decimal: str = ".") -> tuple[npt.NDArray[np.float64], list[int]]:
    """A column as numbers, NaN where missing, and the rows whose text is no number (NaN there too)."""
    values = np.full(len(cells), np.nan)
    bad: list[int] = []
    for i, cell in enumerate(cells):
        if isinstance(cell, str):
            try:
                values[i] = to_number(cell, decimal)
            except ValueError:
                bad.append(i)
        elif isinstance(cell, bool) or (isinstance(cell, int | float) and math.isinf(cell)):
            bad.append(i)
        elif isinstance(cell, int | float):
            values[i] = float(cell)
    return values, bad
