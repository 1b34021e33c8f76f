"""What is compared between the volumes seen and volumes that the model would produce. Plain arrays.

All start from residuals: what the groups, covariates and sites do not explain by least squares. NaN is missing, and in what
is returned: too few people have the volumes, so that the statistic is not defined.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["correlations", "eigenvalues", "kurtosis", "mahalanobis", "residuals", "spreads"]

Floats = npt.NDArray[np.float64]

# The residuals of two people are alike but for their sign: r is 1 or -1, and the kurtosis 1, whatever their volumes are.
FEWEST = 3


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
    """(region,): root mean square of the residuals; one person alone has none."""
    return np.sqrt(_moment(e, 2, fewest=2))


def correlations(e: Floats) -> Floats:
    """(region, region): each pair from the people who have both."""
    seen = np.isfinite(e).astype(float)
    filled = np.where(seen, e, 0.0)
    both = filled.T @ filled
    squares = (filled**2).T @ seen
    scale = np.sqrt(squares * squares.T)
    return np.where(seen.T @ seen >= FEWEST, both / np.where(scale > 0, scale, 1.0), np.nan)


def eigenvalues(e: Floats, count: int) -> Floats:
    """(rank,): the largest eigenvalues of the correlations, as shares of their sum.

    Of the regions that enough people have; a pair that too few have both of counts as uncorrelated.
    """
    matrix = correlations(e)
    defined = np.isfinite(np.diagonal(matrix))
    matrix = np.nan_to_num(matrix[np.ix_(defined, defined)])
    result = np.full(count, np.nan)
    largest = np.linalg.eigvalsh(matrix)[::-1][:count]
    result[: len(largest)] = largest / max(len(matrix), 1)
    return result


def kurtosis(e: Floats) -> float:
    """Mean over regions of the standardised fourth moment; 3 for many normal residuals."""
    fourth, second = (_moment(e, order, fewest=FEWEST) for order in (4, 2))
    defined = second > 0
    return float(np.mean(fourth[defined] / second[defined] ** 2)) if defined.any() else np.nan


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


def _moment(e: Floats, order: int, *, fewest: int) -> Floats:
    """(region,): mean power of the residuals of the people who have the region."""
    seen = np.isfinite(e)
    people = seen.sum(axis=0)
    total = np.where(seen, e, 0.0) ** order
    return np.where(people >= fewest, total.sum(axis=0) / np.maximum(people, 1), np.nan)
