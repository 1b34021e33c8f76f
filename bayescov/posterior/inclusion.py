"""How often a model lets an edge, all edges of a region or all of a group at once, differ from controls, and the Bayes factor for it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.model.spec import ModelSpec
from bayescov.model.truncation import PriorChances, prior_chances
from bayescov.posterior.arguments import draws_of, patients_of
from bayescov.sampling.tree import spec_of

__all__ = ["Attenuation", "Coupling", "Inclusion", "attenuation", "bayes_factor", "coupling", "inclusion"]

Floats = npt.NDArray[np.float64]


class Inclusion(NamedTuple):
    """Over (patient, edge)."""

    probability: Floats
    bayes_factor: Floats


def inclusion(fit: xr.DataTree) -> Inclusion:
    """Posterior probability that a patient group or the controls depart at an edge, and the Bayes factor against neither."""
    included = draws_of(fit, "included") > 0
    spec = spec_of(fit)
    if spec.sparse is None:
        raise AnswerError(
            f"this fit holds inclusion indicators, but its model {spec.name!r} has no [sparse] section; "
            "the file was changed after sampling: fit again"
        )
    prior = _chances(fit, spec).included
    if "population" in fit["posterior"]["included"].dims:  # the controls come first
        included = included[:, 1:] | included[:, :1]
    counts = included.sum(axis=0)
    return Inclusion(counts / len(included), bayes_factor(counts, len(included), prior))


class Coupling(NamedTuple):
    """Over (patient,)."""

    mean: Floats
    low: Floats
    high: Floats
    p_stronger: Floats
    p_weaker: Floats
    bayes_factor: Floats


def coupling(fit: xr.DataTree, interval: float) -> Coupling:
    """The shift of all correlations of each patient group at once, and the Bayes factor for there being one.

    As a share of variance, w = 1 - exp(-|c|) with the sign of c: that of one more factor (positive), or of one less.
    """
    c = draws_of(fit, "coupling")
    drawn = -np.sign(c) * np.expm1(-np.abs(c))
    spec = spec_of(fit)
    if spec.coupling is None:
        raise AnswerError(
            f"this fit holds a coupling, but its model {spec.name!r} has no [coupling] section; the file was changed after "
            "sampling: fit again"
        )
    low, high = np.quantile(drawn, [(1 - interval) / 2, (1 + interval) / 2], axis=0)
    shifted = (drawn != 0).sum(axis=0)
    prior = _chances(fit, spec).shifted
    factor = bayes_factor(shifted, len(drawn), prior) if prior < 1 else np.full(shifted.shape, np.nan)
    return Coupling(drawn.mean(axis=0), low, high, (drawn > 0).mean(axis=0), (drawn < 0).mean(axis=0), factor)


class Attenuation(NamedTuple):
    """Over (patient, region)."""

    probability: Floats
    kept: Floats
    bayes_factor: Floats


def attenuation(fit: xr.DataTree) -> Attenuation:
    """The posterior probability that a region keeps less than all of its correlations, and what it keeps on average if so.

    Where no draw has it lose any, what it keeps is NaN. Weaker correlations hardly ever leave a matrix positive definite or not, so
    the prior probability of this Bayes factor is the model's share.
    """
    drawn = draws_of(fit, "attenuation")
    spec = spec_of(fit)
    if spec.attenuation is None:
        raise AnswerError(
            f"this fit holds attenuations, but its model {spec.name!r} has no [attenuation] section; the file was changed after "
            "sampling: fit again"
        )
    lost = drawn < 1
    counts = lost.sum(axis=0)
    with np.errstate(invalid="ignore"):
        kept = np.where(lost, drawn, 0.0).sum(axis=0) / np.where(counts == 0, np.nan, counts)
    return Attenuation(counts / len(drawn), kept, bayes_factor(counts, len(drawn), spec.attenuation.share))


def _chances(fit: xr.DataTree, spec: ModelSpec) -> PriorChances:
    sizes = fit["posterior"].sizes
    return prior_chances(spec, sizes["region"], 1 + len(patients_of(fit)[1]))


def bayes_factor(counts: npt.ArrayLike, n_draws: int, prior: float) -> Floats:
    """Posterior odds over prior odds; half a draw on either side keeps both ends finite."""
    hits = np.asarray(counts, dtype=float)
    return np.asarray((hits + 0.5) / (n_draws - hits + 0.5) * (1.0 - prior) / prior)
