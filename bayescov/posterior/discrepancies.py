"""What is compared between the volumes seen and volumes that the model would produce. Plain arrays.

All start from residuals: what the groups, covariates and sites do not explain by least squares. NaN is missing.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["correlations", "eigenvalues", "kurtosis", "mahalanobis", "residuals", "spreads"]

Floats = npt.NDArray[np.float64]


def residuals(y: Floats, regressors: Floats) -> Floats:
    """(subject, region): least-squares residuals, each region from the people who have it."""
    seen = np.isfinite(y)
    if seen.all():
        return np.asarray(y - regressors @ np.linalg.lstsq(regressors, y, rcond=None)[0])
    result = np.full(y.shape, np.nan)
    for j in range(y.shape[1]):
        rows = seen[:, j]
        coefficients = np.linalg.lstsq(regressors[rows], y[rows, j], rcond=None)[0]
        result[rows, j] = y[rows, j] - regressors[rows] @ coefficients
    return result


def spreads(e: Floats) -> Floats:
    """(region,): root mean square of the residuals."""
    return np.asarray(np.sqrt(np.nanmean(e**2, axis=0)))


def correlations(e: Floats) -> Floats:
    """(region, region): each pair from the people who have both."""
    seen = np.isfinite(e)
    filled = np.where(seen, e, 0.0)
    both = filled.T @ filled
    squares = (filled**2).T @ seen.astype(float)
    scale = np.sqrt(squares * squares.T)
    return np.asarray(both / np.where(scale > 0, scale, 1.0))


def eigenvalues(e: Floats, count: int) -> Floats:
    """(rank,): the largest eigenvalues of the correlations, as shares of their sum."""
    matrix = correlations(e)
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1][:count] / len(matrix))


def kurtosis(e: Floats) -> float:
    """Mean over regions of the standardised fourth moment; 3 for many normal residuals."""
    return float(np.mean(np.nanmean(e**4, axis=0) / np.nanmean(e**2, axis=0) ** 2))


def mahalanobis(deviations: Floats, covariance: Floats) -> Floats:
    """(subject,): squared distance from the expected volumes, in the metric of the covariance.

    For a person with missing volumes, that of the volumes seen times regions / volumes seen.
    """
    seen = np.isfinite(deviations)
    complete = seen.all(axis=1)
    result = np.zeros(len(deviations))
    if complete.any():
        white = np.linalg.solve(np.linalg.cholesky(covariance), deviations[complete].T)
        result[complete] = (white**2).sum(axis=0)
    for i in np.flatnonzero(~complete & seen.any(axis=1)):
        there = seen[i]
        d = deviations[i, there]
        part = covariance[np.ix_(there, there)]
        result[i] = d @ np.linalg.solve(part, d) * seen.shape[1] / there.sum()
    return result
