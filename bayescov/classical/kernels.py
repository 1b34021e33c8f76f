"""Compiled loops over the edges of many permuted groups. Plain arrays in, plain arrays out."""

import numpy as np
from numba import njit

__all__ = ["both_groups", "ranks_within", "tally", "tanh_difference"]

CEILING = 1.0 - 1e-12


@njit(cache=True, nogil=True)
def both_groups(scatter, mean, n_chosen, n_pair, total, chosen, others):  # pragma: no cover - compiled
    """Correlations of the chosen people and of all others of the pair, from the scatter of the chosen.

    `scatter` (batch, p, p) and `mean` (batch, p) are the chosen people's; `total` (p, p) is the scatter of the whole
    pair around its mean zero, which no exchange of labels changes, so that the others' scatter is a subtraction:
    total - scatter - n_chosen n_pair / (n_pair - n_chosen) mean mean'. Fills the upper triangles of `chosen` and
    `others`; a region without variance gets correlation 0.
    """
    batch, p, _ = scatter.shape
    rest = np.sqrt(n_chosen * n_pair / (n_pair - n_chosen))
    shift = np.empty(p)
    own = np.empty(p)
    other = np.empty(p)
    for k in range(batch):
        for a in range(p):
            shift[a] = rest * mean[k, a]
            mine = scatter[k, a, a]
            theirs = total[a, a] - mine - shift[a] * shift[a]
            own[a] = 1.0 / np.sqrt(mine) if mine > 1e-12 * n_chosen else 0.0
            other[a] = 1.0 / np.sqrt(theirs) if theirs > 1e-12 * (n_pair - n_chosen) else 0.0
        for a in range(p - 1):
            shift_a, own_a, other_a = shift[a], own[a], other[a]
            for b in range(a + 1, p):
                s = scatter[k, a, b]
                chosen[k, a, b] = s * own_a * own[b]
                others[k, a, b] = (total[a, b] - s - shift_a * shift[b]) * other_a * other[b]


@njit(cache=True, nogil=True)
def tanh_difference(first, second):  # pragma: no cover - compiled
    """Upper triangles of (first - second) / (1 - first second) = tanh(atanh first - atanh second), into `first`.

    Monotone in the difference of Fisher's z, so that comparisons need no logarithm.
    """
    batch, p, _ = first.shape
    for k in range(batch):
        for a in range(p - 1):
            for b in range(a + 1, p):
                x = min(max(first[k, a, b], -CEILING), CEILING)
                y = min(max(second[k, a, b], -CEILING), CEILING)
                first[k, a, b] = (x - y) / (1.0 - x * y)


@njit(cache=True, nogil=True)
def tally(statistic, limit, exceed, top, total):  # pragma: no cover - compiled
    """Count, over a batch of permutations, where |statistic| reaches `limit`.

    Upper triangles of `statistic` (batch, p, p), `limit` and `exceed` (p, p). `top` and `total` (batch,) become the
    largest square and the sum of squares of each permutation.
    """
    batch, p, _ = statistic.shape
    largest = np.empty(p)
    sums = np.empty(p)
    for k in range(batch):
        largest[:] = 0.0
        sums[:] = 0.0
        for a in range(p - 1):
            for b in range(a + 1, p):
                u = abs(statistic[k, a, b])
                exceed[a, b] += u >= limit[a, b]
                largest[b] = max(largest[b], u)
                sums[b] += u * u
        top[k] = largest.max()
        total[k] = sums.sum()


@njit(cache=True, nogil=True)
def ranks_within(order, start, is_chosen, result):  # pragma: no cover - compiled
    """Ranks of every person within the chosen people or within the others, ties sharing their mean rank.

    `order` (p, m) sorts each region over the pair; `start` (p, m) is True where a new value begins in that order.
    `is_chosen` (m,). Fills `result` (m, p) with ranks from 1.
    """
    p, m = order.shape
    for j in range(p):
        first = 0
        below_chosen = 0
        below_others = 0
        while first < m:
            last = first + 1
            while last < m and not start[j, last]:
                last += 1
            tied = 0
            for i in range(first, last):
                tied += is_chosen[order[j, i]]
            rank_chosen = below_chosen + (tied + 1) / 2
            rank_others = below_others + (last - first - tied + 1) / 2
            for i in range(first, last):
                person = order[j, i]
                result[person, j] = rank_chosen if is_chosen[person] else rank_others
            below_chosen += tied
            below_others += last - first - tied
            first = last
