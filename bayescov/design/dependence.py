"""Volumes that say nothing of their own: constant in a group, the same as another's, or determined by several others."""

import numpy as np
import numpy.typing as npt

from bayescov.design.arrays import Design
from bayescov.errors import DesignError

__all__ = ["require_own_variation"]

Floats = npt.NDArray[np.float64]

SAME = 1e-6  # of a region's standard deviation: rounding leaves less, and no tool measures so well
ALIKE = 0.9  # a correlation from which on it is worth a closer look
LEAST = 3  # of two people any two regions differ alike


def require_own_variation(design: Design) -> None:
    """Refuse volumes under which a group's covariance matrix, or everybody's, would be singular.

    Raises
    ------
    DesignError
        If in some group a region has one volume only, or two differ by a constant, or if over all people, once groups,
        covariates and sites are removed, a region is determined by others.
    """
    y, regions = design.y.values, design.regions
    for g, name in enumerate(design.populations):
        part = y[design.population.values == g]
        if len(part) >= LEAST:
            _require_spread(part, regions, name)
            _require_no_copies(part, regions, name)
    _require_no_sums(y, design.regressors(), regions)


def _require_spread(part: Floats, regions: tuple[str, ...], group: str) -> None:
    for j, region in enumerate(regions):
        seen = part[np.isfinite(part[:, j]), j]
        if len(seen) >= LEAST and np.ptp(seen) < SAME:
            raise DesignError(
                f"all {len(seen)} people of {group} with a volume for {region} have the same one, so that it varies with "
                "nothing there; look at the column, and leave the region out, or this group"
            )


def _require_no_copies(part: Floats, regions: tuple[str, ...], group: str) -> None:
    seen = np.isfinite(part)
    centred = np.where(seen, part - np.nanmean(part, axis=0, where=seen), 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / seen.sum(axis=0))
    alike = centred.T @ centred / np.maximum(seen.T.astype(float) @ seen, 1.0) / np.outer(spread, spread)
    for i, j in np.argwhere(np.triu(alike > ALIKE, 1)):
        a, b = part[seen[:, i] & seen[:, j]][:, [i, j]].T
        if len(a) >= LEAST and np.ptp(a / a.std() - b / b.std()) < SAME:
            raise DesignError(
                f"{regions[i]} and {regions[j]} are copies of each other in {group} (but for a factor or a shift); leave one "
                "of them out"
            )


def _require_no_sums(y: Floats, regressors: Floats, regions: tuple[str, ...]) -> None:
    """Of the people with all volumes, if they are enough to tell."""
    whole = np.isfinite(y).all(axis=1)
    left = y[whole] - regressors[whole] @ np.linalg.lstsq(regressors[whole], y[whole], rcond=None)[0]
    if len(left) <= regressors.shape[1] + len(regions):
        return
    left /= left.std(axis=0)
    values, vectors = np.linalg.eigh(left.T @ left / len(left))
    if values[0] > SAME**2:
        return
    bound = [regions[j] for j in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-4)]
    raise DesignError(
        f"{', '.join(bound[:-1])} and {bound[-1]} determine each other (one is a sum or a product of the others, say); leave one of "
        "them out"
    )
