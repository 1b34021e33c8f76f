"""How sure an area under the ROC curve is that comes from cross-validation. Plain numbers."""

import math

from scipy.optimize import brentq

__all__ = ["area_interval", "fold_inflation"]

NORMAL = 1.959964
EDGE = 1e-9


def fold_inflation(folds: int) -> float:
    """By how much wider than that of one rule an interval is in cross-validation.

    The rules of the folds learn from the same people, so that their errors do not average out: the variance grows by
    ``folds`` times people tested over people learnt from.

    References
    ----------
    Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error. Machine Learning 52.
    """
    return math.sqrt(1.0 + folds / (folds - 1.0))


def area_interval(area: float, n_with: int, n_without: int, inflation: float) -> tuple[float, float]:
    """The areas that are compatible with the one found (95 %): none is farther off than its own standard error allows.

    Parameters
    ----------
    area : float
        NaN gives NaN.
    n_with, n_without : int
        People with and without the diagnosis.
    inflation : float
        Of the standard error; 1 for a rule learnt from other people (then Newcombe's method 5).

    References
    ----------
    Hanley, J. A. and McNeil, B. J. (1982). The meaning and use of the area under a receiver operating characteristic
    (ROC) curve. Radiology 143.
    Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2.
    Statistics in Medicine 25.
    """
    if math.isnan(area):
        return area, area
    more = (n_with + n_without) / 2 - 1

    def beyond(theta: float) -> float:
        """Above zero where the area found is farther from `theta` than it would be in 95 of 100 studies."""
        spread = (1.0 + more * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))) / (n_with * n_without)
        return (theta - area) ** 2 / (theta * (1.0 - theta)) - (NORMAL * inflation) ** 2 * spread

    inside = min(max(area, EDGE), 1.0 - EDGE)
    low = brentq(beyond, EDGE, inside) if area > EDGE else 0.0
    high = brentq(beyond, inside, 1.0 - EDGE) if area < 1.0 - EDGE else 1.0
    return float(low), float(high)
