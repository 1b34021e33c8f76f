"""How large volumes are beside usual ones, and which unit that speaks for."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.regions import Atlas

__all__ = ["FRACTIONS", "PERCENT", "STANDARDISED", "TO_MM3", "guess_unit", "usual_ratios"]

TO_MM3 = {"mm3": 1.0, "cm3": 1e3, "ml": 1e3, "l": 1e6}
"""How many mm3 one unit holds."""
MANY_NEGATIVE = 0.1
"""Share of values; a code for missing is in fewer."""
PERCENT = "the values look like percent of the head's volume, not like volumes"
STANDARDISED = "many values are negative, like z-scores or residuals; volumes are not"
FRACTIONS = "the values look like fractions of the head's volume, or like litres with no head size in litres beside them"


def guess_unit(values: pd.DataFrame, atlas: Atlas, *, litres: bool) -> tuple[str | None, str]:
    """The unit in which the median volumes come nearest to usual ones; if there is none, None and why.

    None where no unit makes them plausible (ratios, percent, z-scores) or no region has a usual volume. A head holds about a
    litre, so that fractions of it are numbers like litres: `litres` says whether something else tells that these are.
    """
    if (values < 0).to_numpy().sum() > MANY_NEGATIVE * values.notna().to_numpy().sum():
        return None, STANDARDISED
    ratio = usual_ratios(values, atlas)
    if ratio.size == 0:
        return None, "none of the regions has a usual volume to compare with"
    middle = float(np.median(ratio))
    for unit in ("mm3", "cm3", "l"):
        if 0.2 < middle * TO_MM3[unit] < 5:
            return (unit, "") if litres or unit != "l" else (None, FRACTIONS)
    icv = 1.5e6
    for why, size in ((PERCENT, 100 / icv), (FRACTIONS, 1 / icv)):
        if 0.2 < middle / size < 5:
            return None, why
    return (
        None,
        f"in mm3 the typical value would be {middle:.2g} times an adult's volume, and no other unit fits better",
    )


def usual_ratios(values: pd.DataFrame, atlas: Atlas) -> npt.NDArray[np.float64]:
    """Median of each region over its usual volume, for regions that have one and are not empty."""
    ratios = []
    for name in values.columns:
        usual = atlas[name].typical if name in atlas else None
        column = values[name].to_numpy(dtype=float)
        column = column[np.isfinite(column) & (column > 0)]
        if usual and column.size:
            ratios.append(float(np.median(column)) / usual)
    return np.array(ratios)
