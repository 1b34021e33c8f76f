"""Measures of the thresholded network: an edge where the absolute correlation exceeds the threshold, else none."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["clustering", "degree", "density", "efficiency", "local_efficiency", "small_worldness"]

Floats = npt.NDArray[np.float64]
Links = npt.NDArray[np.bool_]

RANDOM_GRAPHS = 50


def degree(links: Links) -> Floats:
    """(region,): number of edges at a region."""
    return np.asarray(links.sum(axis=-1), dtype=float)


def density(links: Links) -> float:
    """Share of all pairs that are edges."""
    n = len(links)
    return float(links.sum() / (n * (n - 1)))


def clustering(links: Links) -> Floats:
    """(region,): share of a region's pairs of neighbours that are neighbours themselves (Watts and Strogatz 1998)."""
    edges = links.astype(float)
    triangles = ((edges @ edges) * edges).sum(axis=-1)
    pairs = degree(links) * (degree(links) - 1)
    return np.where(pairs > 0, triangles / np.maximum(pairs, 1), 0.0)


def efficiency(links: Links) -> float:
    """Mean over pairs of 1 / number of steps between them; pairs that are not connected count 0."""
    n = len(links)
    if n < 2:
        return 0.0
    edges = links.astype(float)
    reached = links | np.eye(n, dtype=bool)
    total, steps = float(links.sum()), 1
    while True:  # pairs reached with one step more than all before
        steps += 1
        new = (reached @ edges > 0) & ~reached
        if not new.any():
            return total / (n * (n - 1))
        total += new.sum() / steps
        reached |= new


def local_efficiency(links: Links) -> Floats:
    """(region,): efficiency of the network of a region's neighbours, itself left out (Latora and Marchiori 2001)."""
    return np.array([efficiency(links[np.ix_(row, row)]) if row.sum() > 1 else 0.0 for row in links])


def small_worldness(links: Links, seed: int) -> float:
    """Clustering and efficiency relative to random graphs with as many regions and edges, multiplied.

    As Humphries and Gurney (2008), with global efficiency in place of the reciprocal path length so that networks in
    pieces have one too. 1 for a complete network; 0 where nothing is clustered.
    """
    n = len(links)
    n_edges = int(links.sum()) // 2
    usual_clustering, usual_efficiency = random_reference(n, n_edges, seed)
    if usual_clustering == 0 or usual_efficiency == 0:
        return 0.0
    return float(clustering(links).mean() / usual_clustering * efficiency(links) / usual_efficiency)


@lru_cache(maxsize=4096)
def random_reference(n: int, n_edges: int, seed: int) -> tuple[float, float]:
    """Mean clustering and mean efficiency of random graphs with `n` regions and `n_edges` edges."""
    rng = np.random.default_rng([seed, n, n_edges])
    rows, columns = np.triu_indices(n, 1)
    found = np.zeros((RANDOM_GRAPHS, 2))
    for i in range(RANDOM_GRAPHS):
        chosen = rng.choice(len(rows), size=n_edges, replace=False)
        links = np.zeros((n, n), dtype=bool)
        links[rows[chosen], columns[chosen]] = True
        links |= links.T
        found[i] = clustering(links).mean(), efficiency(links)
    usual = found.mean(axis=0)
    return float(usual[0]), float(usual[1])
