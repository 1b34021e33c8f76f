"""Of every reported quantity of a fit, how well its chains agree and how many effective draws there are of it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bayescov.sampling.convergence import rhat_and_ess_bulk

__all__ = [
    "LARGEST_RHAT",
    "SMALLEST_ESS",
    "Mixing",
    "constant",
    "mixing",
    "mixing_of_each",
    "quantities",
    "worst_of",
]

LARGEST_RHAT = 1.01
SMALLEST_ESS = 400.0

# Reported as differences from the controls (the first population) too.
COMPARED = ("correlation", "mean")
# What is zero or one, or nearly always one, has no ranks to speak of; what it says is judged through the correlations, and the means.
UNJUDGED = ("included", "attenuation", "mean_included")


class Mixing(NamedTuple):
    """Of the quantities at these positions, bulk effective sample sizes and R-hats, each (quantity,)."""

    positions: npt.NDArray[np.intp]
    ess: npt.NDArray[np.float64]
    rhat: npt.NDArray[np.float64]

    def enough(self, target: float, largest_rhat: float = LARGEST_RHAT) -> npt.NDArray[np.bool_]:
        """Which of them have `target` effective draws and chains that agree."""
        return (self.ess >= target) & (self.rhat <= largest_rhat)


def mixing(arrays: Mapping[str, npt.ArrayLike]) -> tuple[float, float]:
    """Smallest bulk effective sample size and largest R-hat over every reported quantity.

    Parameters
    ----------
    arrays : mapping of str to array
        The posterior variables of a fit, each (chain, draw, ...), without labels.

    Returns
    -------
    ess, rhat : float
        NaN where a quantity cannot be judged, or none varies.
    """
    return worst_of(mixing_of_each(arrays))


def worst_of(found: Mapping[str, Mixing]) -> tuple[float, float]:
    """Smallest effective sample size and largest R-hat of what `mixing_of_each` found; NaN where there is nothing."""
    if not found:
        return np.nan, np.nan
    ess, rhat = (np.concatenate([getattr(f, name) for f in found.values()]) for name in ("ess", "rhat"))
    return float(ess.min()), float(rhat.max())


def mixing_of_each(
    arrays: Mapping[str, npt.ArrayLike], only: Mapping[str, npt.NDArray[np.intp]] | None = None
) -> dict[str, Mixing]:
    """What `mixing` judges, of each quantity that varies; `only`: of these positions among the quantities of each name."""
    found = {}
    for name, values in quantities(arrays, None if only is None else frozenset(only)):
        positions = np.flatnonzero(~constant(values)) if only is None else only[name]
        if len(positions):
            rhats, sizes = rhat_and_ess_bulk(values[..., positions])
            found[name] = Mixing(positions, sizes, rhats)
    return found


def quantities(
    arrays: Mapping[str, npt.ArrayLike], only: frozenset[str] | None = None
) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """(name, (chain, draw, quantity)) of all or some; kappa, which may be infinite, is judged through its closeness."""
    for name, drawn in arrays.items():
        if name in UNJUDGED or (name == "kappa" and "closeness" in arrays):
            continue
        values = np.asarray(drawn, dtype=float)
        flat = (*values.shape[:2], -1)
        if only is None or name in only:
            yield name, values.reshape(flat)
        difference = f"difference of {name}"
        if name in COMPARED and (only is None or difference in only):
            yield difference, (values[:, :, 1:] - values[:, :, :1]).reshape(flat)


def constant(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(quantity): never changes, in any chain. NaN counts as changing, so that it is judged and fails."""
    return np.asarray(values.max(axis=(0, 1)) == values.min(axis=(0, 1)))
