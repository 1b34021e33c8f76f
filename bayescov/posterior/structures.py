"""What a fit and its structural special cases say together, and what they agree on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.posterior.draws import thinned
from bayescov.sampling.structures import structures_of

__all__ = ["agreed", "mixture", "uncontradicted"]

Floats = npt.NDArray[np.float64]

STANDARD_ERRORS = 2.0


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
    """The special cases that the people do not speak against.

    Those that do not foretell them worse than the fit by more than so many standard errors of the difference, over
    people; all of them where nothing was recorded.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27.
    """
    told = {name: fit[name].attrs for name in structures_of(fit)}
    return tuple(
        name
        for name, a in told.items()
        if a.get("log_predictive_gain", 0.0) + standard_errors * a.get("log_predictive_gain_se", 0.0) >= 0.0
    )


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
