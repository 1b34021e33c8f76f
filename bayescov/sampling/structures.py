"""The structural special cases of a fit, and how much each counts in what is stated."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit

__all__ = [
    "AS_AN_END",
    "as_part",
    "needed",
    "share_ranges",
    "shares_of",
    "short_name",
    "structure_shares",
    "structure_weights",
    "structures_of",
    "weight_of",
]

Floats = npt.NDArray[np.float64]

# However little a case counts in the average, it may be an end of the range of a probability, on which verdicts depend: with
# 100 effective draws, a quarter of 400, its Monte Carlo error is .05 at most.
AS_AN_END = 0.25
LARGEST = 1.0 - 1e-15  # of a weight whose odds are taken
LEAST = 1e-12  # of a share that is divided by
GAIN = "log_predictive_gain"  # how the names of what `gain_of` finds begin

# A standard normal, on a grid fine and wide enough for averages of any smooth function to ten digits.
NORMAL = np.linspace(-8.0, 8.0, 1601)
AVERAGED = np.exp(-0.5 * NORMAL**2) / np.exp(-0.5 * NORMAL**2).sum()


def structures_of(fit: xr.DataTree) -> tuple[str, ...]:
    """Names of the stored fits of the structural special cases, such as ``structure_pooled``."""
    return tuple(str(name) for name in fit.children if str(name).startswith("structure_"))


def short_name(structure: str) -> str:
    """What a structure is called beside numbers: the fit by itself, or a special case without its prefix."""
    return "fit" if structure == "posterior" else structure.removeprefix("structure_")


def structure_weights(fit: xr.DataTree) -> dict[str, float]:
    """Weight of each special case against the fit: see `weight_of`. One half where nothing was recorded (thousands of people)."""
    return {name: weight_of(told) for name, told in _told(fit).items()}


def structure_shares(fit: xr.DataTree) -> dict[str, float]:
    """Share of the fit (``posterior``) and of each special case in what is stated: see `shares_of`."""
    return shares_of(structure_weights(fit))


def share_ranges(fit: xr.DataTree) -> dict[str, tuple[float, float]]:
    """Between what each special case's share lies where its gain is off by one Monte Carlo error, either way."""
    told, weights, ranges = _told(fit), structure_weights(fit), {}
    for name, own in told.items():
        error = own.get(f"{GAIN}_mc_error", 0.0)
        ends = (own | {GAIN: own.get(GAIN, 0.0) + e} for e in (-error, error))
        low, high = (shares_of(weights | {name: weight_of(end)})[name] for end in ends)
        ranges[name] = (low, high)
    return ranges


def weight_of(told: Mapping[str, float]) -> float:
    """Weight of a special case against the fit, by how well each foretold every person from all others.

    One half where they foretell equally well, towards zero where the special case foretells worse: ``expit`` of the gain,
    averaged over what the gain would be with other people and other draws (pseudo-BMA+ weights of two models).

    Parameters
    ----------
    told : mapping of str to float
        What `gain_of` found; what is not there, or not a number (too few draws), is zero.

    References
    ----------
    Geisser, S. and Eddy, W. F. (1979). A predictive approach to model selection. J. Am. Stat. Assoc. 74.
    Yao, Y., Vehtari, A., Simpson, D. and Gelman, A. (2018). Using stacking to average Bayesian predictive distributions.
    Bayesian Analysis 13.
    """
    gain, se, mc_error = (float(np.nan_to_num(told.get(GAIN + end, 0.0))) for end in ("", "_se", "_mc_error"))
    return float(AVERAGED @ expit(gain + math.hypot(se, mc_error) * NORMAL))


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """Share of the fit (``posterior``) and of each special case in what is stated.

    Parameters
    ----------
    weights : mapping of str to float
        Of each special case against the fit (`weight_of`).

    Returns
    -------
    dict of str to float
        They sum to one; each case has the odds ``w / (1 - w)`` to the fit, w its weight. All of it is the fit's where there is
        no special case.
    """
    held = {name: min(weight, LARGEST) for name, weight in weights.items()}
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


def needed(ess: float, rhat: float, share: float) -> tuple[float, float]:
    """The effective draws and the R-hat of a part for which those in the average (`as_part`) are these."""
    share = max(share, LEAST)
    return ess * share, 1.0 + (rhat - 1.0) / share


def _told(fit: xr.DataTree) -> dict[str, dict[str, float]]:
    """What `gain_of` found of each special case."""
    attrs = {name: fit[name].attrs for name in structures_of(fit)}
    return {
        name: {str(key): float(value) for key, value in told.items() if str(key).startswith(GAIN)}
        for name, told in attrs.items()
    }
