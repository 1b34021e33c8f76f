"""The network-based statistic: is there a connected set of changed connections larger than chance makes?"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.arguments import require_count, require_jobs, require_seed
from bayescov.classical.answers import edge_answers
from bayescov.classical.exchange import Members, Pair, blocks, make_pairs, members
from bayescov.classical.parallel import over_blocks
from bayescov.design import Design
from bayescov.design.edges import edge_pairs, to_edges
from bayescov.errors import AnswerError

__all__ = ["nbs"]

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]


def nbs(
    design: Design,
    *,
    threshold: float = 2.5,
    n_permutations: int = 10_000,
    kind: str = "correlation",
    seed: int = 0,
    n_jobs: int = -1,
) -> xr.Dataset:
    """Network-based statistic: connected sets of connections that differ from controls, tested by their size.

    Connections whose statistic (that of `permutation_test`, in standard errors, either sign) exceeds `threshold` are
    joined where they share a region; a component's size is its number of connections, and its p compares it with the
    largest component of every permutation, so it holds the familywise error over the components of a patient
    group. It says that a component differs, not that any one of its connections does, and it depends on the threshold.

    Parameters
    ----------
    design : Design
        Missing volumes are treated as `permutation_test` treats them.
    threshold : float
        In standard errors, above zero.
    n_permutations, kind, seed, n_jobs
        See `permutation_test`; equal seeds exchange equal labels.

    Returns
    -------
    xarray.Dataset
        Over (population, edge): ``statistic``; ``component``, 0 for none, 1 for the largest component of the
        patient group and so on; ``component_size``; ``p_value`` of the component (1 where there is none).
        Over (population): ``n_components``, ``largest_size`` and ``p_largest``.

    Raises
    ------
    AnswerError
        As `permutation_test`; or if the threshold is not above zero.

    References
    ----------
    Zalesky, A., Fornito, A. and Bullmore, E. (2010). Network-based statistic: identifying differences in brain
    networks. NeuroImage 53.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> bc.nbs(design, threshold=2.0, n_permutations=199)["p_largest"].dims
    ('population',)
    """
    require_count("n_permutations", n_permutations, least=1)
    require_seed(seed)
    require_jobs(n_jobs, name="n_jobs")
    if not isinstance(threshold, (int, float, np.number)) or not 0 < threshold < np.inf:
        raise AnswerError(
            f"threshold={threshold!r} must be a number of standard errors above zero, for instance 2.5"
        )
    pairs, left = make_pairs(design, kind)
    found = [components(np.abs(to_edges(pair.score)) > threshold, pair.n_regions) for pair in pairs]
    reached = [np.zeros(len(f.sizes), dtype=np.int64) for f in found]
    tasks = [(k, number, count) for k in range(len(pairs)) for number, count in blocks(n_permutations)]

    def block(k: int, number: int, n: int) -> Whole:
        return largest_sizes(pairs[k], members(pairs[k], n, seed=seed, position=k, block=number), threshold)

    for (k, _, _), largest in over_blocks(block, tasks, n_jobs):
        reached[k] += (largest[None, :] >= found[k].sizes[:, None]).sum(axis=1)
    p_values = [np.asarray((1.0 + r) / (1.0 + n_permutations), dtype=float) for r in reached]
    return _answers(
        design,
        pairs,
        found,
        p_values,
        {
            "method": "network-based statistic",
            "threshold": float(threshold),
            "n_permutations": n_permutations,
            "kind": kind,
            "seed": seed,
            "missing": left.missing,
        },
    )


class Components(NamedTuple):
    """Component of each edge (0: none, 1: the largest, ...) and the number of edges of each, largest first."""

    of_edge: Whole
    sizes: Whole


def components(changed: npt.NDArray[np.bool_], n_regions: int) -> Components:
    """Connected sets of the edges that are True in `changed` (edge,)."""
    labels = _labels(changed[None], n_regions)
    edges = np.flatnonzero(changed)
    names, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(names), dtype=np.intp)
    rank[order] = np.arange(1, len(names) + 1)
    of_edge = np.zeros(len(changed), dtype=np.intp)
    of_edge[edges] = rank[np.searchsorted(names, labels)]
    return Components(of_edge, counts[order].astype(np.intp))


def largest_sizes(pair: Pair, chosen: Members, threshold: float) -> Whole:
    """(permutation,): edges in the largest component of each permutation."""
    limit = to_edges(pair.limit(threshold))
    largest = np.zeros(len(chosen), dtype=np.intp)
    for where, statistic in pair.statistics(chosen):
        changed = np.abs(to_edges(statistic)) > limit
        labels = _labels(changed, pair.n_regions)
        sizes = np.bincount(labels, minlength=1)
        permutation = np.nonzero(changed)[0]
        np.maximum.at(largest[where], permutation, sizes[labels])
    return largest


def _labels(changed: npt.NDArray[np.bool_], n_regions: int) -> Whole:
    """A label for each True of `changed` (graph, edge), equal within connected sets: one search over all graphs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph, edge = np.nonzero(changed)
    rows, columns = edge_pairs(n_regions)
    a, b = graph * n_regions + rows[edge], graph * n_regions + columns[edge]
    n = len(changed) * n_regions
    _, label_of_region = connected_components(
        coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False
    )
    return np.asarray(label_of_region[a], dtype=np.intp)


def _answers(
    design: Design,
    pairs: list[Pair],
    found: list[Components],
    p_values: list[Floats],
    attrs: dict[str, object],
) -> xr.Dataset:
    dims = ("population", "edge")
    return edge_answers(
        design,
        {
            "statistic": (dims, np.stack([to_edges(pair.score) for pair in pairs])),
            "component": (dims, np.stack([f.of_edge for f in found])),
            "component_size": (dims, np.stack([np.append(0, f.sizes)[f.of_edge] for f in found])),
            "p_value": (
                dims,
                np.stack([np.append(1.0, p)[f.of_edge] for p, f in zip(p_values, found, strict=True)]),
            ),
            "n_components": ("population", np.array([len(f.sizes) for f in found])),
            "largest_size": ("population", np.array([f.sizes.max(initial=0) for f in found])),
            "p_largest": ("population", np.array([p.min(initial=1.0) for p in p_values])),
        },
        attrs,
    )
