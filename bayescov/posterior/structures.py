"""The structural special cases of a fit: how much each counts, what all of them say together, and what they agree on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit

from bayescov.posterior.draws import thinned

__all__ = [
    "agreed",
    "mixture",
    "short_name",
    "structure_shares",
    "structure_weights",
    "structures_of",
    "uncontradicted",
]

Floats = npt.NDArray[np.float64]

STANDARD_ERRORS = 2.0
LARGEST = 1.0 - 1e-15  # of a weight whose odds are taken


def structures_of(fit: xr.DataTree) -> tuple[str, ...]:
    """Names of the stored fits of the structural special cases, such as ``structure_pooled``."""
    return tuple(str(name) for name in fit.children if str(name).startswith("structure_"))


def short_name(structure: str) -> str:
    """What a structure is called beside numbers: the fit by itself, or a special case without its prefix."""
    return "fit" if structure == "posterior" else structure.removeprefix("structure_")


def structure_weights(fit: xr.DataTree) -> dict[str, float]:
    """Weight of each special case against the fit, by how well each foretold every person from all others.

    One half where they foretell equally well, towards zero where the special case foretells worse (pseudo-BMA
    weights of two models). One half as well where nothing was recorded (thousands of people).

    References
    ----------
    Geisser, S. and Eddy, W. F. (1979). A predictive approach to model selection. J. Am. Stat. Assoc. 74.
    """
    return {
        name: float(expit(fit[name].attrs.get("log_predictive_gain", 0.0))) for name in structures_of(fit)
    }


def structure_shares(fit: xr.DataTree) -> dict[str, float]:
    """Share of the fit (``posterior``) and of each special case in what is stated, by how well each foretells the people.

    Each case has the odds ``w / (1 - w)`` to the fit, w its weight (pseudo-BMA weights of all structures); all of it is the
    fit's where there is no special case.
    """
    held = {name: min(weight, LARGEST) for name, weight in structure_weights(fit).items()}
    odds = {"posterior": 1.0} | {name: weight / (1.0 - weight) for name, weight in held.items()}
    return {name: value / sum(odds.values()) for name, value in odds.items()}


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
