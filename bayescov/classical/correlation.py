"""Correlations of one group and the precision of their difference: plain array functions."""

import numpy as np
import numpy.typing as npt

from bayescov.classical.kernels import CEILING, FLAT

__all__ = [
    "correlation_matrix",
    "effective_sizes",
    "p_of_correlation",
    "partial",
    "pearson",
    "ranks",
    "variance_of_z",
    "z_difference",
]

Floats = npt.NDArray[np.float64]


def correlation_matrix(values: Floats, kind: str) -> Floats:
    """(region, region): the correlations of one group of standardised residuals (subject, region)."""
    if kind == "spearman":
        return pearson(ranks(values))[0]
    matrix, _ = pearson(values)
    return partial(matrix) if kind == "partial" else matrix


def pearson(values: Floats) -> tuple[Floats, Floats]:
    """Pearson correlations over the people who have both regions, and how many they are.

    `values` is (..., subject, region), NaN where missing. A region that does not vary has correlation 0 with every
    other: such a group of people says nothing about it.
    """
    seen = np.isfinite(values)
    if seen.all():
        together = np.full((*values.shape[:-2], values.shape[-1], values.shape[-1]), float(values.shape[-2]))
        centred = values - values.mean(axis=-2, keepdims=True)
        scatter = centred.swapaxes(-1, -2) @ centred
        own = np.einsum("...ii->...i", scatter)
        variance = np.broadcast_to(own[..., :, None], scatter.shape)
    else:
        scatter, variance, together = _pairwise(values, seen)
    varies = (variance > FLAT * np.maximum(together, 1.0)) & (together > 1)
    varies &= varies.swapaxes(-1, -2)
    product = np.where(varies, variance * variance.swapaxes(-1, -2), 1.0)
    matrix = np.where(varies, scatter, 0.0) / np.sqrt(product)
    matrix = np.clip(matrix, -1.0, 1.0)
    diagonal = np.arange(matrix.shape[-1])
    matrix[..., diagonal, diagonal] = 1.0
    return matrix, together


def _pairwise(values: Floats, seen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Scatter of each pair, and of the row's region, over the people who have both; and how many they are."""
    filled = np.where(seen, values, 0.0)
    there = seen.astype(float)
    flipped = filled.swapaxes(-1, -2)
    together = there.swapaxes(-1, -2) @ there
    people = np.maximum(together, 1.0)
    sums = flipped @ there
    scatter = flipped @ filled - sums * sums.swapaxes(-1, -2) / people
    return scatter, (flipped**2) @ there - sums**2 / people, together


def ranks(values: Floats) -> Floats:
    """Ranks of each column, ties sharing their mean rank, centred and scaled to a standard deviation near one."""
    from scipy.stats import rankdata

    n = values.shape[0]
    return np.asarray((rankdata(values, axis=0) - (n + 1) / 2) / n)


def partial(matrices: Floats) -> Floats:
    """Correlations of each pair given all other regions, from correlation matrices (..., region, region)."""
    precision = np.linalg.inv(matrices)
    scale = np.sqrt(np.einsum("...ii->...i", precision))
    result = -precision / (scale[..., :, None] * scale[..., None, :])
    result = np.clip(result, -1.0, 1.0)
    diagonal = np.arange(result.shape[-1])
    result[..., diagonal, diagonal] = 1.0
    return np.asarray(result)


def effective_sizes(together: Floats, kind: str, n_regions: int) -> Floats:
    """People behind a correlation: those who have both volumes, less the regions that are held constant."""
    return np.asarray(together, dtype=float) - (n_regions - 2 if kind == "partial" else 0)


def variance_of_z(n: npt.ArrayLike, kind: str) -> Floats:
    """Variance of Fisher's z of a correlation of `n` people (`effective_sizes`).

    1 / (n - 3) for normal data (Fisher 1921); 1.06 / (n - 3) for Spearman (Fieller, Hartley & Pearson 1957).
    """
    return (1.06 if kind == "spearman" else 1.0) / (np.asarray(n, dtype=float) - 3.0)


def z_difference(first: Floats, second: Floats) -> Floats:
    """atanh(first) - atanh(second)."""
    return np.asarray(
        np.arctanh(np.clip(first, -CEILING, CEILING)) - np.arctanh(np.clip(second, -CEILING, CEILING))
    )


def p_of_correlation(correlation: Floats, n: npt.ArrayLike) -> Floats:
    """Two-sided p of a correlation of `n` people against zero (Student's t with n - 2 degrees of freedom)."""
    from scipy import stats

    r = np.clip(correlation, -CEILING, CEILING)
    spare = np.asarray(n, dtype=float) - 2.0
    return np.asarray(2.0 * stats.t.sf(np.abs(r) * np.sqrt(spare / (1.0 - r**2)), spare))
