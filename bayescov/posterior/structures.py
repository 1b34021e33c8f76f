"""What a fit and its structural special cases say together, and what they agree on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.posterior.draws import thinned
from bayescov.sampling.structures import STANDARD_ERRORS, contradicted, structures_of

__all__ = ["agreed", "mixture", "uncontradicted"]

Floats = npt.NDArray[np.float64]


def mixture(draws: Sequence[npt.NDArray], shares: Sequence[float]) -> npt.NDArray:
    """Draws of several structures as one sample, evenly spaced ones of each, as many as its share.

    Parameters
    ----------
    draws : sequence of ndarray
        (draw, ...) of each structure.
    shares : sequence of float
        They sum to one.

    Returns
    -------
    ndarray
        (draw, ...), structure by structure: as many draws as the first has, or fewer, where another has fewer than its
        share of these.
    """
    total = min(
        [len(draws[0]), *(len(d) / share for d, share in zip(draws, shares, strict=True) if share > 0)]
    )
    ends = np.rint(np.cumsum([0.0, *shares]) * int(total)).astype(int)
    return np.concatenate([thinned(d, count) for d, count in zip(draws, np.diff(ends), strict=True)])


def uncontradicted(fit: xr.DataTree, standard_errors: float = STANDARD_ERRORS) -> tuple[str, ...]:
    """The special cases that the people do not speak against: see `contradicted`."""
    return tuple(name for name in structures_of(fit) if not contradicted(fit[name].attrs, standard_errors))


def agreed(probability: Floats, cases: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """The lowest average of a probability with that of any special case, each by its weight.

    Parameters
    ----------
    probability : ndarray
        (...): of the fit itself.
    cases : mapping of str to ndarray
        (...): of each special case.
    weights : mapping of str to float

    Returns
    -------
    ndarray
        (...): `probability` where there is no special case.
    """
    averages: Sequence[Floats] = [
        (1.0 - weights[name]) * probability + weights[name] * case for name, case in cases.items()
    ]
    return np.min([probability, *averages], axis=0)
