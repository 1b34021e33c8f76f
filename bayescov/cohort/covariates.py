"""Text columns -> covariates: numbers where all cells are numbers, text elsewhere, missing codes said."""

import numpy as np
import pandas as pd

from bayescov.cohort.numbers import to_numbers
from bayescov.cohort.people import listed
from bayescov.cohort.table import CheckResult

__all__ = ["typed"]

_WORDS = frozenset(["", "n/a", "na", "nan", "null", "#n/a", "<na>", "missing", "not available"])
_CODES = frozenset([-999.0, -9999.0, -99999.0, -999999.0])


def typed(others: pd.DataFrame) -> tuple[pd.DataFrame, list[CheckResult]]:
    """Covariates with a type: numbers (NaN where missing) or text (None where missing), and what was done.

    Codes with leading zeros (``007``) and whole numbers beyond 2**53 stay text: a number would change them.
    """
    columns: dict[str, object] = {}
    coded: list[str] = []
    for name in others.columns:
        cells = others[name].astype(object)
        missing = cells.map(lambda c: str(c).strip().lower() in _WORDS).to_numpy(dtype=bool)
        text = cells.where(~missing, "").map(lambda c: str(c).strip())
        values, bad = to_numbers(text)
        number_like = not bad and np.isfinite(values[~missing]).all() and not _is_code(text[~missing])
        if number_like and not missing.all():
            code = np.isin(values, list(_CODES))
            if code.any():
                coded.append(f"{name} ({int(code.sum())} times {values[code][0]:g})")
                values = np.where(code, np.nan, values)
            columns[str(name)] = values
        else:
            columns[str(name)] = text.where(~missing, None).to_numpy(dtype=object)
    frame = pd.DataFrame(columns, index=others.index)
    checks = []
    if coded:
        checks.append(CheckResult("missing codes", False, f"Read as missing: {listed(coded, 20)}."))
    return frame, checks


def _is_code(text: pd.Series) -> bool:
    """Whether the digits are a name, not a quantity."""
    return bool(text.str.fullmatch(r"0\d+").any() or text.str.fullmatch(r"\d{16,}").any())
