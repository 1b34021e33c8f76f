"""Codes for missing in covariates, which unlike volumes may be negative: which numbers are such, and which may be."""

import numpy as np
import numpy.typing as npt

from bayescov.cohort.numbers import MISSING_NUMBERS

__all__ = ["are_codes", "counted", "may_be_codes"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SURE = -999.0
"""Codes from here on are missing whatever else is there, as they are among volumes."""

_ENOUGH = 10
"""Values that tell how far a covariate ranges."""


def are_codes(values: Floats) -> Bools:
    """Which values of a covariate are codes for missing and can be no values.

    ``-9`` can be one where a covariate has other negative numbers (z scores, years since onset); not if it lies farther
    below all of them than they are apart.
    """
    known = may_be_codes(values)
    rest = values[np.isfinite(values) & ~known]
    codes = known & (values <= _SURE)
    for value in np.unique(values[known & ~codes]):
        far = rest.size >= _ENOUGH and rest.min() - value > np.ptp(rest)
        if rest.size and (rest.min() >= 0 or far):
            codes |= values == value
    return codes


def may_be_codes(values: Floats) -> Bools:
    """Which values are written as codes for missing are."""
    return np.isin(values, list(MISSING_NUMBERS))


def counted(values: Floats) -> str:
    """``"2 times -9, 1 time -99"``."""
    times = [(int((values == v).sum()), v) for v in sorted(set(values.tolist()), reverse=True)]
    return ", ".join(f"{n} time{'s' if n > 1 else ''} {v:g}" for n, v in times)
