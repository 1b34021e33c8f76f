"""All measures of one network at once.

References
----------
Rubinov, M. and Sporns, O. (2010). Complex network measures of brain connectivity: uses and interpretations.
NeuroImage 52.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bayescov.errors import AnswerError
from bayescov.graphs import binary, weighted

__all__ = ["GLOBAL_MEASURES", "REGIONAL_MEASURES", "Measured", "measure", "require_threshold"]

Floats = npt.NDArray[np.float64]

GLOBAL_MEASURES = {
    "density": "share of pairs whose absolute correlation exceeds the threshold",
    "strength": "mean over regions of the sum of a region's absolute correlations",
    "clustering": "mean share of a region's pairs of neighbours that are connected (thresholded)",
    "clustering_weighted": "mean geometric mean of the absolute correlations of the triangles at a region",
    "efficiency": "mean of 1 / number of steps between two regions (thresholded)",
    "efficiency_weighted": "mean of 1 / distance between two regions, an edge being as long as 1 / |rho|",
    "local_efficiency": "mean efficiency of the network of a region's neighbours (thresholded)",
    "modularity": "Newman's Q of the partition that Louvain's method finds (weighted)",
    "participation": "mean participation coefficient in that partition (weighted)",
    "small_worldness": "clustering times efficiency, relative to random graphs of the same density (thresholded)",
    "homotopic": "mean correlation of homologous regions, left and right",
}

REGIONAL_MEASURES = {
    "strength": "sum of the region's absolute correlations",
    "degree": "number of regions to which its absolute correlation exceeds the threshold",
    "clustering": "share of its pairs of neighbours that are connected (thresholded)",
    "local_efficiency": "efficiency of the network of its neighbours (thresholded)",
    "participation": "participation coefficient in the partition of Louvain's method (weighted)",
}


class Measured(NamedTuple):
    """Global measures by name, and regional measures (region,) by name."""

    whole: dict[str, float]
    regional: dict[str, Floats]


def measure(
    correlation: Floats,
    *,
    threshold: float,
    seed: int = 0,
    random_seed: int = 0,
    homologues: list[tuple[int, int]] | None = None,
) -> Measured:
    """Measure one correlation matrix (region, region) as a network.

    Parameters
    ----------
    correlation : ndarray
        (region, region); its diagonal is not looked at.
    threshold : float
        An absolute correlation above it is an edge of the thresholded network.
    seed : int
        For the order in which Louvain's method visits the regions.
    random_seed : int
        For the random graphs of small-worldness, which are made once for each number of regions and edges.
    homologues : list of pairs of int, optional
        Positions of left and right; without them there is no ``homotopic``.

    Returns
    -------
    Measured
        ``whole`` has the names of `GLOBAL_MEASURES`, ``regional`` those of `REGIONAL_MEASURES`.

    Raises
    ------
    AnswerError
        If this is no square matrix of numbers of two regions or more, or the threshold is none of a correlation.
    """
    correlation = _network(correlation)
    require_threshold(threshold)
    weights = np.abs(correlation)
    np.fill_diagonal(weights, 0.0)
    links = weights > threshold
    q, labels = weighted.modularity(weights, seed)
    regional = {
        "strength": weighted.strength(weights),
        "degree": binary.degree(links),
        "clustering": binary.clustering(links),
        "local_efficiency": binary.local_efficiency(links),
        "participation": weighted.participation(weights, labels),
    }
    whole = {
        "density": binary.density(links),
        "strength": float(regional["strength"].mean()),
        "clustering": float(regional["clustering"].mean()),
        "clustering_weighted": float(weighted.clustering(weights).mean()),
        "efficiency": binary.efficiency(links),
        "efficiency_weighted": weighted.efficiency(weights),
        "local_efficiency": float(regional["local_efficiency"].mean()),
        "modularity": q,
        "participation": float(regional["participation"].mean()),
        "small_worldness": binary.small_worldness(links, random_seed),
    }
    if homologues:
        left, right = np.array(homologues).T
        whole["homotopic"] = float(correlation[left, right].mean())
    return Measured(whole, regional)


def require_threshold(threshold: float) -> None:
    """Refuse what an absolute correlation cannot exceed, or always exceeds."""
    if not isinstance(threshold, (int, float, np.number)) or not 0 <= threshold < 1:
        raise AnswerError(
            f"threshold={threshold!r} must be a number of at least 0 and below 1, for instance 0.3"
        )


def _network(correlation: npt.ArrayLike) -> Floats:
    """The matrix, of two regions or more."""
    matrix = np.asarray(correlation, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise AnswerError(
            f"a network is a square matrix of two regions or more; this has the shape {matrix.shape}"
        )
    off = matrix[~np.eye(len(matrix), dtype=bool)]
    if not np.isfinite(off).all():
        raise AnswerError(
            f"{np.sum(~np.isfinite(off))} correlations of this network are not numbers; leave these regions out"
        )
    return matrix
