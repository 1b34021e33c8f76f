"""Measures of the weighted network: absolute correlations as weights, every pair of regions an edge."""

import numpy as np
import numpy.typing as npt

__all__ = ["clustering", "efficiency", "modularity", "participation", "strength"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


def strength(weights: Floats) -> Floats:
    """(region,): sum of a region's weights."""
    return np.asarray(weights.sum(axis=-1))


def clustering(weights: Floats) -> Floats:
    """(region,): mean intensity of the triangles at a region, relative to its pairs of neighbours.

    The intensity of a triangle is the geometric mean of its three weights (Onnela et al. 2005). Weights are used as
    they are: correlations have a natural maximum, so they are not divided by the largest one.
    """
    roots = np.cbrt(weights)
    triangles = ((roots @ roots) * roots).sum(axis=-1)
    neighbours = (weights > 0).sum(axis=-1)
    pairs = neighbours * (neighbours - 1)
    return np.where(pairs > 0, triangles / np.maximum(pairs, 1), 0.0)


def efficiency(weights: Floats) -> float:
    """Mean over pairs of 1 / distance, where an edge is as long as 1 / weight (Latora and Marchiori 2001)."""
    n = len(weights)
    with np.errstate(divide="ignore"):
        distances = np.where(weights > 0, 1.0 / weights, np.inf)
    for via in range(n):  # Floyd and Warshall
        np.minimum(distances, distances[:, via, None] + distances[None, via], out=distances)
    np.fill_diagonal(distances, np.inf)
    return float((1.0 / distances).sum() / (n * (n - 1)))


def modularity(weights: Floats, seed: int) -> tuple[float, Labels]:
    """Newman's Q of the best partition that Louvain's method finds, and the partition (region,)."""
    import networkx as nx

    n = len(weights)
    labels = np.arange(n)
    if not weights.any():
        return 0.0, labels
    graph = nx.from_numpy_array(weights)
    communities = nx.community.louvain_communities(graph, seed=seed)
    for label, members in enumerate(communities):
        labels[list(members)] = label
    return modularity_of(weights, labels), labels


def modularity_of(weights: Floats, labels: Labels) -> float:
    """Newman's Q: share of weight within communities, minus what the strengths alone would put there."""
    total = weights.sum()
    same = labels[:, None] == labels[None, :]
    s = strength(weights)
    return float(((weights - np.outer(s, s) / total) * same).sum() / total)


def participation(weights: Floats, labels: Labels) -> Floats:
    """(region,): 1 minus the sum of squared shares of a region's weight that go to each community.

    Guimera and Amaral (2005). 0: all weight within one community; a region without weight has 0.
    """
    members = labels[:, None] == np.unique(labels)[None, :]
    s = strength(weights)
    shares = (weights @ members) / np.where(s > 0, s, 1.0)[:, None]
    return np.where(s > 0, 1.0 - (shares**2).sum(axis=-1), 0.0)
