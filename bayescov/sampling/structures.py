"""The structural special cases of a fit, and how much each counts in what is stated."""

from collections.abc import Mapping

import xarray as xr
from scipy.special import expit

__all__ = [
    "SMALLEST_SHARE",
    "shares_of",
    "short_name",
    "structure_shares",
    "structure_weights",
    "structures_of",
]

LARGEST = 1.0 - 1e-15  # of a weight whose odds are taken
# A special case with less than this share of what is stated moves no probability by as much, mixed or not.
SMALLEST_SHARE = 0.05


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


def _gains(fit: xr.DataTree) -> dict[str, float]:
    return {name: float(fit[name].attrs.get("log_predictive_gain", 0.0)) for name in structures_of(fit)}
