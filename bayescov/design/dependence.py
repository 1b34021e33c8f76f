"""Volumes that say nothing of their own: constant in a group, the same as another's, or determined by several others."""

import numpy as np
import numpy.typing as npt

from bayescov.errors import DesignError

__all__ = ["require_own_variation"]

Floats = npt.NDArray[np.float64]

SAME = 1e-9  # of a spread: what rounding leaves
LEAST = 3  # of two people any two regions differ alike


def require_own_variation(
    y: Floats,
    codes: npt.NDArray[np.int_],
    regressors: Floats,
    regions: tuple[str, ...],
    populations: tuple[str, ...],
) -> None:
    """Refuse volumes (subject, region; NaN where missing) under which a covariance matrix would be singular.

    Raises
    ------
    DesignError
        If in some group a region has one volume only, or two differ by a constant, or if over all people, once the
        `regressors` are removed, a region is determined by others.
    """
    for g, name in enumerate(populations):
        part = y[codes == g]
        if len(part) < LEAST:
            continue
        for j, region in enumerate(regions):
            seen = part[np.isfinite(part[:, j]), j]
            if len(seen) >= LEAST and not np.ptp(seen) > SAME * np.abs(seen).max():
                raise DesignError(
                    f"all {len(seen)} people of {name} with a volume for {region} have the same one, so that it varies with "
                    "nothing there; look at the column, and leave the region out, or this group"
                )
        _require_no_copies(part, regions, name)
    _require_no_sums(y, regressors, regions)


def _require_no_copies(part: Floats, regions: tuple[str, ...], group: str) -> None:
    for i in range(len(regions)):
        for j in range(i + 1, len(regions)):
            both = part[np.isfinite(part[:, i]) & np.isfinite(part[:, j])][:, [i, j]]
            if len(both) < LEAST:
                continue
            spread = both.std(axis=0)
            standard = (both - both.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
            if np.abs(standard[:, 0] - standard[:, 1]).max() < SAME:
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
    if values[0] > SAME * values[-1]:
        return
    bound = [regions[j] for j in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-4)]
    raise DesignError(
        f"{', '.join(bound[:-1])} and {bound[-1]} determine each other (one is a sum or a product of the others, say); leave one of "
        "them out"
    )
