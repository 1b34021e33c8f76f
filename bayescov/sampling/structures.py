"""The structural special cases of a fit, and how much each counts in what is stated."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit

__all__ = [
    "as_part",
    "share_ranges",
    "shares_of",
    "short_name",
    "structure_shares",
    "structure_weights",
    "structures_of",
]

Floats = npt.NDArray[np.float64]

LARGEST = 1.0 - 1e-15  # of a weight whose odds are taken
LEAST = 1e-12  # of a share that is divided by


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
    return {name: float(expit(gain)) for name, gain in _gains(fit).items()}


def structure_shares(fit: xr.DataTree) -> dict[str, float]:
    """Share of the fit (``posterior``) and of each special case in what is stated: see `shares_of`."""
    return shares_of(_gains(fit))


def share_ranges(fit: xr.DataTree) -> dict[str, tuple[float, float]]:
    """Between what each special case's share lies where its gain is off by one Monte Carlo error, either way."""
    gains, ranges = _gains(fit), {}
    for name, gain in gains.items():
        error = float(fit[name].attrs.get("log_predictive_gain_mc_error", 0.0))
        error = error if np.isfinite(error) else 0.0
        low, high = (shares_of(gains | {name: gain + way * error})[name] for way in (-1.0, 1.0))
        ranges[name] = (low, high)
    return ranges


def shares_of(gains: Mapping[str, float]) -> dict[str, float]:
    """Share of the fit (``posterior``) and of each special case in what is stated, by how well each foretells the people.

    Parameters
    ----------
    gains : mapping of str to float
        By how much each special case foretells all people better than the fit (`gain_of`).

    Returns
    -------
    dict of str to float
        They sum to one; each case has the odds ``w / (1 - w)`` to the fit, w its weight (pseudo-BMA weights of all
        structures). All of it is the fit's where there is no special case.
    """
    held = {name: min(float(expit(gain)), LARGEST) for name, gain in gains.items()}
    odds = {"posterior": 1.0} | {name: weight / (1.0 - weight) for name, weight in held.items()}
    return {name: value / sum(odds.values()) for name, value in odds.items()}


def as_part[Numbers: (float, Floats)](ess: Numbers, rhat: Numbers, share: float) -> tuple[Numbers, Numbers]:
    """What effective draws and R-hats of a case amount to in an average of which it is a part.

    Where every part reaches a target of so scaled draws, so does the average: the variance of its error is the sum of
    share^2 / ess, and the shares sum to one. R-hat - 1, the variance between chains in terms of the one within, goes along.

    Parameters
    ----------
    ess, rhat : ndarray or float
    share : float
        Of the case in the average, 0 to 1.

    Returns
    -------
    ess, rhat
        ``ess / share`` and ``1 + share (rhat - 1)``.
    """
    share = max(share, LEAST)
    return ess / share, 1.0 + share * (rhat - 1.0)


def _gains(fit: xr.DataTree) -> dict[str, float]:
    return {name: float(fit[name].attrs.get("log_predictive_gain", 0.0)) for name in structures_of(fit)}
