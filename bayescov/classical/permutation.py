"""The permutation test of every connection, of all of them at once, and of the largest difference."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.arguments import require_count, require_jobs, require_seed
from bayescov.classical.answers import edge_answers, false_discovery
from bayescov.classical.exchange import TIE, Pair, blocks, make_pairs, members
from bayescov.classical.kernels import tally
from bayescov.classical.parallel import over_blocks
from bayescov.design import Design
from bayescov.design.edges import edge_pairs, to_edges

__all__ = ["permutation_test"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def permutation_test(
    design: Design,
    *,
    n_permutations: int = 10_000,
    kind: str = "correlation",
    seed: int = 0,
    n_jobs: int = -1,
) -> xr.Dataset:
    """Test every connection of every patient group against the controls by exchanging labels.

    Residuals of one regression for all groups (`bayescov.classical.residuals`) are centred and scaled within each
    group *before* labels are exchanged (Freedman & Lane 1983, in spirit), so that a difference of means or of
    variances is not mistaken for one of correlation. The statistic is the difference of Fisher's z, patients
    minus controls, in its standard errors.

    Labels are exchanged between one patient group and the controls, never with a third group: where a third
    group has other correlations, its people in the mixture would make the null of the other two wrong (a test shows
    it). Each patient group has permutations of its own. `p_max_t` therefore holds the familywise error over the connections of one
    patient group; over several patient groups multiply it by their number (Bonferroni).

    Parameters
    ----------
    design : Design
        Any number of groups. Missing volumes: Pearson correlations use the people who have both regions, with the
        standard error of their number in every permutation; partial and Spearman correlations use the people who have
        all regions.
    n_permutations : int
        Labels are drawn at random that often. The smallest possible p is 1 / (1 + n_permutations), and the smallest
        possible q of a lone connection is that times the number of connections.
    kind : {"correlation", "partial", "spearman"}
        Partial correlations (given all other regions) need more people than regions in every group.
    seed : int
        Results depend on the seed and not on `n_jobs`.
    n_jobs : int
        Threads, -1 for all cores. A joblib backend set by the caller is obeyed.

    Returns
    -------
    xarray.Dataset
        Over (population, edge), the populations being the patient groups: ``control_correlation``, ``correlation``,
        ``difference`` (correlation minus control_correlation), ``difference_z`` (of Fisher's z), ``statistic``
        (in standard errors), ``p_value`` = (1 + b) / (1 + n_permutations) with b the number of permutations at
        least as extreme, two-sided, ``q_value`` (Benjamini & Hochberg within the patient group) and ``p_max_t`` (against
        the largest statistic of all connections; Westfall & Young 1993).
        Over (population): ``p_global``, against the sum over connections of squared tanh(difference of z), or of squared statistics
        where volumes are missing, the test that no connection differs; ``n_patients`` and ``n_controls``, people used.
        ``attrs`` say how: kind, n_permutations, seed, missing, exchange.

    Raises
    ------
    AnswerError
        If a group is too small, a region does not vary in a group, two regions are copies of each other, or an
        argument is not valid.

    Notes
    -----
    A covariate that varies more in one group than in the other costs that group precision. To first order that adds
    `inflation` (see `bayescov.classical.residuals`) to the variance of the observed difference but not to that of the
    exchanged ones; the statistic takes it into account.

    The test is exact where residuals are exchangeable under the null. That they sum to zero within groups, that scales
    are estimated, and that other connections differ, matters less and less with the number of people as long as the
    variance of Fisher's z depends on nothing but that number, as it does for normal data, or is equal in both groups
    (Omelka & Pauly 2012). Heavy tails in both groups are therefore allowed for; heavy tails in one group only are not.

    References
    ----------
    Freedman, D. and Lane, D. (1983). A nonstochastic interpretation of reported significance levels. J. Business and
    Economic Statistics 1. Omelka, M. and Pauly, M. (2012). Testing equality of correlation coefficients in two
    populations via permutation methods. J. Statistical Planning and Inference 142. Phipson, B. and Smyth, G. (2010).
    Permutation p-values should never be zero. Statistical Applications in Genetics and Molecular Biology 9. Westfall, P. and
    Young, S. (1993). Resampling-Based Multiple Testing. Wiley. Winkler, A. et al. (2014). Permutation inference for
    the general linear model. NeuroImage 92.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> twin = bc.permutation_test(design, n_permutations=999, seed=1)
    >>> float(twin["p_value"].min()) >= 0.001
    True
    """
    require_count("n_permutations", n_permutations, least=1)
    require_seed(seed)
    require_jobs(n_jobs, name="n_jobs")
    pairs, left = make_pairs(design, kind)
    tasks = [(k, number, count) for k in range(len(pairs)) for number, count in blocks(n_permutations)]
    found = [Exceedances.none(pair) for pair in pairs]
    for (k, _, _), counted in over_blocks(
        lambda k, number, n: _block(pairs[k], k, number, n, seed), tasks, n_jobs
    ):
        found[k].add(counted)
    return _answers(
        design, pairs, found, n_permutations, {"kind": kind, "seed": seed, "missing": left.missing}
    )


@dataclass
class Exceedances:
    """How many permutations were at least as extreme: (edge,), (edge,) and one number."""

    edge: Counts
    largest: Counts
    total: int

    @classmethod
    def none(cls, pair: Pair) -> "Exceedances":
        """Nothing counted yet."""
        n_edges = pair.n_regions * (pair.n_regions - 1) // 2
        return cls(np.zeros(n_edges, dtype=np.int64), np.zeros(n_edges, dtype=np.int64), 0)

    def add(self, other: "Exceedances") -> None:
        """Add the counts of another block."""
        self.edge += other.edge
        self.largest += other.largest
        self.total += other.total


def _block(pair: Pair, position: int, block: int, n: int, seed: int) -> Exceedances:
    return exceedances(pair, members(pair, n, seed=seed, position=position, block=block))


def exceedances(pair: Pair, chosen: npt.NDArray[np.intp]) -> Exceedances:
    """Count the permutations `chosen` (permutation, person of the smaller group) that reach the observed statistics."""
    p = pair.n_regions
    observed = pair.limit(pair.score)
    limit = np.maximum(observed - TIE, 0.0)
    exceed = np.zeros((p, p), dtype=np.int64)
    top, total = np.empty(len(chosen)), np.empty(len(chosen))
    for where, statistic in pair.statistics(chosen):
        tally(statistic, limit, exceed, top[where], total[where])
    whole = float((to_edges(observed) ** 2).sum())
    # how many of the largest statistics reach each limit: all but those that are smaller
    larger = len(top) - np.searchsorted(np.sort(top), to_edges(limit), side="left")
    return Exceedances(
        exceed[edge_pairs(p)], larger.astype(np.int64), int((total >= whole * (1 - TIE) - TIE).sum())
    )


def _answers(
    design: Design, pairs: list[Pair], found: list[Exceedances], n_permutations: int, attrs: dict[str, object]
) -> xr.Dataset:
    def over_edges(matrices: list[Floats]) -> tuple[tuple[str, str], Floats]:
        return ("population", "edge"), np.stack([to_edges(m) for m in matrices])

    def p_of(counts: list[Counts]) -> tuple[tuple[str, str], Floats]:
        return ("population", "edge"), np.asarray((1.0 + np.stack(counts)) / (1.0 + n_permutations), float)

    p_value = p_of([f.edge for f in found])
    return edge_answers(
        design,
        {
            "control_correlation": over_edges([pair.observed[1] for pair in pairs]),
            "correlation": over_edges([pair.observed[0] for pair in pairs]),
            "difference": over_edges([pair.observed[0] - pair.observed[1] for pair in pairs]),
            "difference_z": over_edges([pair.score * np.sqrt(pair.variance) for pair in pairs]),
            "statistic": over_edges([pair.score for pair in pairs]),
            "p_value": p_value,
            "q_value": (("population", "edge"), false_discovery(p_value[1])),
            "p_max_t": p_of([f.largest for f in found]),
            "p_global": ("population", (1.0 + np.array([f.total for f in found])) / (1.0 + n_permutations)),
            "n_patients": ("population", np.array([pair.n_patients for pair in pairs])),
            "n_controls": ("population", np.array([pair.n_control for pair in pairs])),
        },
        {
            "method": "permutation test of differences of correlation",
            "n_permutations": n_permutations,
            "exchange": "labels of one patient group and the controls, residuals standardised within groups before",
            "smallest_q_of_one_edge": min(1.0, p_value[1].shape[1] / (1.0 + n_permutations)),
            **attrs,
        },
    )
