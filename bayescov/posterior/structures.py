"""The structural special cases of a fit: how much each counts, and what all that count agree on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit

__all__ = ["agreed", "structure_weights", "structures_of"]

Floats = npt.NDArray[np.float64]


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
