"""The structural special cases of a fit: how much each counts, and what all that count agree on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit

__all__ = ["agreed", "averaged", "structure_weights", "structures_of", "uncontradicted"]

Floats = npt.NDArray[np.float64]

STANDARD_ERRORS = 2.0
LARGEST = 1.0 - 1e-15  # of a weight whose odds are taken


def structures_of(fit: xr.DataTree) -> tuple[str, ...]:
    """Names of the stored fits of the structural special cases, such as ``structure_pooled``."""
    return tuple(str(name) for name in fit.children if str(name).startswith("structure_"))


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


def averaged(probability: Floats, cases: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """The average of a probability over the fit and all special cases, each by how well it foretells the people.

    Parameters
    ----------
    probability, cases, weights
        As in `agreed`: each weight against the fit, so that the odds of a case to the fit are ``w / (1 - w)``.

    Returns
    -------
    ndarray
        (...): `probability` where there is no special case.
    """
    held = {name: min(weights[name], LARGEST) for name in cases}
    odds = {name: weight / (1.0 - weight) for name, weight in held.items()}
    total = probability + sum(odds[name] * case for name, case in cases.items())
    return np.asarray(total / (1.0 + sum(odds.values())))
