"""How likely the volumes of people are under each group, given every draw. Plain arrays.

Matrices are small: one thread of the linear algebra library is faster than several waiting for each other.
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp
from threadpoolctl import threadpool_limits

from bayescov.posterior.parameters import Parameters

__all__ = ["PARTS", "log_density", "predictive_log_density", "squared_distance"]

Floats = npt.NDArray[np.float64]

# What of the groups' differences is used: their means, their covariances, or both.
PARTS = ("both", "means", "covariance")


def log_density(deviations: Floats, covariance: Floats, dof: float | None) -> Floats:
    """(person,): log density of volumes at these deviations from their expectation; missing ones are left out."""
    distance, log_det, seen = squared_distance(deviations, covariance)
    if dof is None:
        return np.asarray(-0.5 * (distance + log_det + seen * np.log(2 * np.pi)))
    constant = gammaln((dof + seen) / 2) - gammaln(dof / 2) - seen / 2 * np.log(dof * np.pi)
    return np.asarray(constant - 0.5 * log_det - (dof + seen) / 2 * np.log1p(distance / dof))


def squared_distance(deviations: Floats, covariance: Floats) -> tuple[Floats, Floats, Floats]:
    """(person,): squared Mahalanobis distance, log determinant and number of volumes, over the volumes seen."""
    there = np.isfinite(deviations)
    distance, log_det = np.zeros(len(deviations)), np.zeros(len(deviations))
    if there.all():
        patterns, which = np.ones((1, deviations.shape[1]), dtype=bool), np.zeros(len(deviations), dtype=int)
    else:
        patterns, which = np.unique(there, axis=0, return_inverse=True)
    for k, pattern in enumerate(patterns):
        rows = np.flatnonzero(which == k)
        if pattern.any():
            root = np.linalg.cholesky(covariance[np.ix_(pattern, pattern)])
            white = solve_triangular(root, deviations[np.ix_(rows, np.flatnonzero(pattern))].T, lower=True)
            distance[rows] = (white**2).sum(axis=0)
            log_det[rows] = 2 * np.log(np.diag(root)).sum()
    return distance, log_det, there.sum(axis=1).astype(float)


@threadpool_limits.wrap(limits=1)
def predictive_log_density(
    params: Parameters,
    y: Floats,
    x: Floats,
    site: npt.NDArray[np.int_] | None,
    populations: tuple[int, ...],
    weights: Floats,
    parts: tuple[str, ...] = PARTS,
) -> Floats:
    """(part, person, population): log of the density of each person's volumes, averaged over the draws.

    Parameters
    ----------
    params : Parameters
    y, x, site
        Volumes (person, region), covariates (person, covariate) and sites (person,) on the scale of the fit.
    populations : tuple of int
        The groups a person may belong to.
    weights : ndarray
        (population,): by which the groups' means or covariances are averaged where a part does without their
        differences; they sum to one.
    parts : tuple of str
        Of `PARTS`. ``"means"``: each group its own mean, all the average covariance. ``"covariance"``: each group its
        own covariance, all the average mean.
    """
    chosen = np.array(populations)
    result = np.full((len(parts), len(y), len(chosen), len(params)), -np.inf)
    for draw in range(len(params)):
        dof = None if params.dof is None else float(params.dof[draw])
        own_mean = np.stack([params.of_population(draw, g, x, site) for g in chosen])
        own_covariance = params.covariance[draw, chosen]
        one_mean = np.tensordot(weights, own_mean, 1)
        one_covariance = np.tensordot(weights, own_covariance, 1)
        for i, part in enumerate(parts):
            for k in range(len(chosen)):
                mean = one_mean if part == "covariance" else own_mean[k]
                covariance = one_covariance if part == "means" else own_covariance[k]
                result[i, :, k, draw] = log_density(y - mean, covariance, dof)
    return np.asarray(logsumexp(result, axis=-1) - np.log(len(params)))
