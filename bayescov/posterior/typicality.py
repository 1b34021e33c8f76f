"""How typical a new person's volumes are of a group: how many of its people would be at least as far off. Plain arrays."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import f as fisher
from threadpoolctl import threadpool_limits

from bayescov.posterior.newcomers import Newcomers
from bayescov.posterior.parameters import Parameters
from bayescov.posterior.people import squared_distance

__all__ = ["typicality_of"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int_]

FEWEST_DRAWN = 20_000  # people drawn from the posterior predictive distribution of a group, against which others are held
SEED = 20_230_523  # of those: the same people get the same answer


@threadpool_limits.wrap(limits=1)
def typicality_of(
    params: Parameters, new: Newcomers, positions: tuple[int, ...], *, ordinary: npt.NDArray[np.bool_]
) -> Floats:
    """(person, population): share of the people of a group who would be at least as far from what is expected.

    Were a group's mean and covariance known, squared distances over their dimension would follow F with the likelihood's degrees of
    freedom. What is not known of them widens that: scale and degrees of freedom of the distances' F are estimated from people
    drawn from the posterior predictive distribution, with the covariates, sites and gaps of the new ones. Of draws of one
    inverse-Wishart distribution this is exact.

    The law is that of the `ordinary` (person,), where there are any: hardly anything is known where a covariate lies far beyond
    the study, and somebody there (or a slip of the pen) would make everybody else look typical.
    """
    rng = np.random.default_rng(SEED)
    times = -(-FEWEST_DRAWN // max(len(new.y), 1))
    x = np.tile(new.x, (times, 1))
    site = None if new.site is None else np.tile(new.site, times)
    gaps = np.tile(np.isnan(new.y), (times, 1))
    share = np.full((len(new.y), len(positions)), np.nan)
    measured = ~np.isnan(new.y).all(axis=1)
    if not measured.any():
        return share
    known = measured & ordinary
    telling = np.tile(known if known.any() else measured, times)
    for k, g in enumerate(positions):
        spread = np.cov(params.mean[:, g].T, bias=True) if len(params) > 1 else 0.0
        covariance = params.covariance[:, g].mean(axis=0) + spread
        drawn = np.where(gaps, np.nan, _people(params, g, x, site, rng))
        distances = _distances(params, g, drawn, x, site, covariance)
        scale, dof = _law_of(*(d[telling] for d in distances))
        distance, seen = _distances(params, g, new.y, new.x, new.site, covariance)
        share[:, k] = np.where(measured, fisher.sf(distance / scale, seen, dof), np.nan)
    return share


def _distances(
    params: Parameters, g: int, y: Floats, x: Floats, site: Codes | None, covariance: Floats
) -> tuple[Floats, Floats]:
    """(person,): squared distances over their dimension, and that dimension."""
    expected = params.mean[:, g].mean(axis=0) + x @ params.slope.mean(axis=0)
    if site is not None:
        expected = expected + params.site.mean(axis=0)[site]
    distance, _, seen = squared_distance(y - expected, covariance)
    return distance / np.maximum(seen, 1), np.maximum(seen, 1)


def _law_of(distance: Floats, seen: Floats) -> tuple[float, float]:
    """Scale and second degrees of freedom of the F distribution that the distances follow, by maximum likelihood."""

    def loss(point: Floats) -> float:
        scale, dof = np.exp(point)
        return float(-(fisher.logpdf(distance / scale, seen, dof) - np.log(scale)).sum())

    found = minimize(
        loss, [0.0, np.log(30.0)], method="L-BFGS-B", bounds=[(-3.0, 5.0), (np.log(1.0), np.log(1e6))]
    )
    scale, dof = np.exp(found.x)
    return float(scale), float(dof)


def _people(params: Parameters, g: int, x: Floats, site: Codes | None, rng: np.random.Generator) -> Floats:
    """(person, region): people of a group with these covariates and sites, each from a draw of the posterior."""
    which = rng.integers(len(params), size=len(x))
    people = np.empty((len(x), params.mean.shape[-1]))
    for draw in np.unique(which):
        rows = np.flatnonzero(which == draw)
        expected = params.of_population(draw, g, x[rows], None if site is None else site[rows])
        people[rows] = expected + params.deviations(draw, g, len(rows), rng)
    return people
