"""Draws as plain arrays: chains stacked, summaries over draws, partial correlations. No labels here."""

import numpy as np
import numpy.typing as npt

from bayescov.design.edges import from_edges, to_edges

__all__ = [
    "central_interval", "count_interval", "fisher_z", "partial_correlations", "stack_chains", "standardised_mean",
    "thinned",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

# The largest |r| whose Fisher z is finite in double precision, with room for rounding.
LARGEST = 1.0 - 1e-12

# An SD below this is no variation: it only keeps 0 / 0 away.
FLAT = 1e-12


def stack_chains(values: npt.NDArray) -> npt.NDArray:
    """(chain, draw, ...) as (sample, ...), chain by chain."""
    return values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])


def thinned(draws: npt.NDArray, count: int) -> npt.NDArray:
    """At most `count` of the draws (first axis), evenly spaced over all of them."""
    if count >= len(draws):
        return draws
    return draws[(np.arange(count) * len(draws)) // count]


def central_interval(draws: npt.ArrayLike, interval: float, *, axis: int = -1) -> tuple[Floats, Floats]:
    """Lower and upper quantile that leave ``(1 - interval) / 2`` on either side."""
    tail = (1.0 - interval) / 2.0
    low, high = np.quantile(np.asarray(draws, dtype=float), [tail, 1.0 - tail], axis=axis)
    return low, high


def count_interval(draws: npt.ArrayLike, interval: float, *, axis: int = -1) -> tuple[Floats, Floats]:
    """The same for whole numbers: both ends are values that were drawn."""
    tail = (1.0 - interval) / 2.0
    values = np.asarray(draws, dtype=float)
    low, high = np.quantile(values, [tail, 1.0 - tail], axis=axis, method="inverted_cdf")
    return low, high


def fisher_z(correlation: npt.ArrayLike) -> Floats:
    """``atanh(r)``, finite also for r = 1 and -1."""
    return np.asarray(np.arctanh(np.clip(np.asarray(correlation, dtype=float), -LARGEST, LARGEST)))


def standardised_mean(draws: Floats, *, axis: int = -1) -> Floats:
    """Mean over SD of the draws; 0 where every draw is 0 (a difference that a model says is none)."""
    return np.asarray(draws.mean(axis=axis) / np.maximum(draws.std(axis=axis), FLAT))


def partial_correlations(correlations: npt.NDArray, *, chunk: int = 512) -> Floats:
    """Correlation of two regions given all others, from correlations on edges.

    Parameters
    ----------
    correlations : ndarray
        (..., edge): upper triangles of positive definite correlation matrices.
    chunk : int
        How many matrices are inverted at once.

    Returns
    -------
    ndarray
        (..., edge): ``-k_ij / sqrt(k_ii k_jj)`` with K the inverse of the matrix.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular or not positive definite.
    """
    flat = correlations.reshape(-1, correlations.shape[-1])
    result = np.empty(flat.shape)
    for start in range(0, len(flat), chunk):
        precision = np.linalg.inv(from_edges(np.asarray(flat[start : start + chunk], dtype=float)))
        diagonal = np.diagonal(precision, axis1=-2, axis2=-1)
        if not np.all(diagonal > 0):
            raise np.linalg.LinAlgError("a correlation matrix is not positive definite")
        scale = np.sqrt(diagonal)
        result[start : start + chunk] = -to_edges(precision / (scale[:, :, None] * scale[:, None, :]))
    return result.reshape(correlations.shape)
