"""How the groups of each named truth differ: what of the healthy correlations is changed, and in whom."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bayescov.cohort.sides import homologous_pairs
from bayescov.design.edges import edge_pairs
from bayescov.simulate.correlations import jitter, nearest_correlation
from bayescov.simulate.distribution import CONTROL, FIRST, POPULATIONS, SECOND, Truth

__all__ = ["TRUTHS", "changed_at", "homologues", "random_edges"]

Edges = npt.NDArray[np.intp]


def _null(plain: Truth, rng: np.random.Generator) -> Truth:
    return plain


def _sparse(plain: Truth, rng: np.random.Generator) -> Truth:
    edges = random_edges(plain.regions, 16, rng)
    half = len(edges) // 2
    return changed_at(plain, {FIRST: (edges[:half], 0.45), SECOND: (edges[half:], -0.45)})


def _half(plain: Truth, rng: np.random.Generator) -> Truth:
    return changed_at(plain, {SECOND: (random_edges(plain.regions, 20, rng), -0.4)})


def _dense(plain: Truth, rng: np.random.Generator) -> Truth:
    base = plain.correlation[CONTROL]
    return replace(plain, correlation=np.array([jitter(base, rng, people=40) for _ in POPULATIONS]))


def _variance_only(plain: Truth, rng: np.random.Generator) -> Truth:
    sd = plain.sd.copy()
    for g in (FIRST, SECOND):
        sd[g, rng.choice(sd.shape[1], sd.shape[1] // 2, replace=False)] *= 1.5
    return replace(plain, sd=sd)


def _heavy_tails(plain: Truth, rng: np.random.Generator) -> Truth:
    return replace(plain, dof=5.0)


def _severity(plain: Truth, rng: np.random.Generator) -> Truth:
    strength = np.zeros_like(plain.sd)
    strength[FIRST] = rng.uniform(0.3, 0.9, strength.shape[1])
    strength[SECOND] = rng.uniform(0.0, 0.4, strength.shape[1])
    loading = -strength * plain.sd
    covariance = plain.covariance + loading[:, :, None] * loading[:, None, :]
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance / sd[:, :, None] / sd[:, None, :]
    return replace(plain, correlation=correlation, sd=sd, loading=loading)


def _noise(plain: Truth, rng: np.random.Generator) -> Truth:
    correlation, sd = plain.correlation.copy(), plain.sd.copy()
    correlation[FIRST] = 0.8 * correlation[FIRST] + 0.2 * np.eye(len(plain.regions))
    sd[FIRST] /= np.sqrt(0.8)
    return replace(plain, correlation=correlation, sd=sd)


def _hub(plain: Truth, rng: np.random.Generator) -> Truth:
    hub = int(rng.integers(len(plain.regions)))
    correlation = plain.correlation.copy()
    correlation[SECOND, hub, :] = correlation[SECOND, :, hub] = 0.0
    correlation[SECOND, hub, hub] = 1.0
    return replace(plain, correlation=correlation)


def _mirrored(plain: Truth, rng: np.random.Generator) -> Truth:
    mirror = homologues(plain.regions)
    left = np.flatnonzero(np.arange(len(mirror)) < mirror)
    rows, columns = edge_pairs(len(left))
    pairs = rng.choice(len(rows), min(6, len(rows)), replace=False)
    lateral = plain.correlation[CONTROL].copy()
    for i, j in zip(left[rows[pairs]], left[columns[pairs]], strict=True):
        for a, b, change in ((i, j, 0.25), (mirror[i], mirror[j], -0.25)):
            lateral[a, b] = lateral[b, a] = np.clip(lateral[a, b] + change, -0.95, 0.95)
    lateral = nearest_correlation(lateral)
    return replace(plain, correlation=np.array([lateral, lateral[np.ix_(mirror, mirror)], lateral]))


def _few(plain: Truth, rng: np.random.Generator) -> Truth:
    return changed_at(plain, {FIRST: (random_edges(plain.regions, 3, rng), 0.5)})


def _many_small(plain: Truth, rng: np.random.Generator) -> Truth:
    edges = random_edges(plain.regions, len(plain.regions) ** 2, rng)
    return changed_at(plain, {FIRST: (edges, -0.15), SECOND: (edges, -0.15)})


def _one_dense(plain: Truth, rng: np.random.Generator) -> Truth:
    correlation = plain.correlation.copy()
    correlation[FIRST] = jitter(correlation[CONTROL], rng, people=40)
    return replace(plain, correlation=correlation)


def _module(plain: Truth, rng: np.random.Generator) -> Truth:
    who = np.sort(rng.choice(len(plain.regions), min(5, len(plain.regions) // 2), replace=False))
    return changed_at(plain, {FIRST: (_all_pairs(who, who), -0.3)})


def _hemispheres(plain: Truth, rng: np.random.Generator) -> Truth:
    left = np.array([name.startswith("Left") for name in plain.regions])
    between = _all_pairs(np.flatnonzero(left), np.flatnonzero(~left))
    return changed_at(plain, {SECOND: (between, -0.2)})


def _odd_controls(plain: Truth, rng: np.random.Generator) -> Truth:
    edges = random_edges(plain.regions, 8, rng)
    return changed_at(plain, {FIRST: (edges, 0.4), SECOND: (edges, 0.4)})


def _weak(plain: Truth, rng: np.random.Generator) -> Truth:
    base = 0.4 * plain.correlation + 0.6 * np.eye(len(plain.regions))
    return _sparse(replace(plain, correlation=base), rng)


def _one_region(plain: Truth, rng: np.random.Generator) -> Truth:
    region = int(rng.integers(len(plain.regions)))
    correlation = plain.correlation.copy()
    correlation[FIRST, region, :] *= 0.4
    correlation[FIRST, :, region] *= 0.4
    correlation[FIRST, region, region] = 1.0
    return replace(plain, correlation=correlation)


def _shift(plain: Truth, rng: np.random.Generator) -> Truth:
    correlation = plain.correlation.copy()
    correlation[FIRST] = nearest_correlation(1.0 - 0.75 * (1.0 - correlation[FIRST]))
    return replace(plain, correlation=correlation)


TRUTHS: dict[str, Callable[[Truth, np.random.Generator], Truth]] = {
    "null": _null,
    "sparse": _sparse,
    "half": _half,
    "dense": _dense,
    "variance_only": _variance_only,
    "heavy_tails": _heavy_tails,
    "severity": _severity,
    "noise": _noise,
    "hub": _hub,
    "mirrored": _mirrored,
    "few": _few,
    "many_small": _many_small,
    "one_dense": _one_dense,
    "module": _module,
    "hemispheres": _hemispheres,
    "odd_controls": _odd_controls,
    "weak": _weak,
    "one_region": _one_region,
    "shift": _shift,
}


def homologues(regions: tuple[str, ...]) -> Edges:
    """For each region the position of its homologue, or its own where it has none."""
    mirror = np.arange(len(regions), dtype=np.intp)
    for left, right in homologous_pairs(regions):
        mirror[left], mirror[right] = right, left
    return mirror


def _all_pairs(some: Edges, others: Edges) -> Edges:
    """(edge, 2): every edge between one of `some` and another of `others`, once."""
    pairs = {(min(a, b), max(a, b)) for a in some.tolist() for b in others.tolist() if a != b}
    return np.array(sorted(pairs), dtype=np.intp)


def most_changed(regions: tuple[str, ...]) -> int:
    """How many edges `random_edges` gives at most."""
    rows, columns = edge_pairs(len(regions))
    return int((homologues(regions)[rows] != columns).sum()) // 2


def random_edges(regions: tuple[str, ...], number: int, rng: np.random.Generator) -> Edges:
    """(edge, 2): different edges at random, never between homologues; at most half of all there are."""
    mirror = homologues(regions)
    rows, columns = edge_pairs(len(regions))
    free = np.flatnonzero(mirror[rows] != columns)
    chosen = rng.choice(free, min(number, most_changed(regions)), replace=False)
    return np.column_stack([rows[chosen], columns[chosen]])


def changed_at(plain: Truth, changes: dict[int, tuple[Edges, float]]) -> Truth:
    """Some populations' correlations changed at some edges, then made valid."""
    correlation = plain.correlation.copy()
    for g, (edges, change) in changes.items():
        for i, j in edges:
            value = np.clip(correlation[g, i, j] + change, -0.95, 0.95)
            correlation[g, i, j] = correlation[g, j, i] = value
        correlation[g] = nearest_correlation(correlation[g])
    return replace(plain, correlation=correlation)
