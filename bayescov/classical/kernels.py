"""Compiled loops over the edges of many permuted groups. Plain arrays in, plain arrays out."""

import numpy as np
from numba import njit

__all__ = ["both_groups", "draw_people", "ranks_within", "tally", "tanh_difference", "tanh_of_groups"]

CEILING = 1.0 - 1e-12  # where a correlation is exactly one, Fisher's z is taken here
FLAT = 1e-12  # a variance below this is none: the values are of the order of one


@njit(cache=True, nogil=True, error_model="numpy")
def draw_people(uniform, n_people, chosen):  # pragma: no cover - compiled
    """Draw people without replacement, a row a permutation: the first steps of Fisher and Yates' shuffle.

    `uniform` (permutation, k) in [0, 1) becomes `chosen` (permutation, k), different numbers below `n_people` in a row.
    """
    rows, k = uniform.shape
    people = np.arange(n_people)
    for i in range(rows):
        for j in range(k):
            other = min(j + int(uniform[i, j] * (n_people - j)), n_people - 1)
            people[j], people[other] = people[other], people[j]
            chosen[i, j] = people[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _scales(products, sums, n_chosen, n_pair, total, shift, own, other):  # pragma: no cover - compiled
    """Root mean products and inverse root scatters of each region, for the chosen people and for the others.

    A region without variance gets scale 0, and with it correlation 0.
    """
    for a in range(len(shift)):
        shift[a] = sums[a] / np.sqrt(n_chosen)
        mine = products[a, a] - shift[a] ** 2
        theirs = total[a, a] - products[a, a] - n_chosen / (n_pair - n_chosen) * shift[a] ** 2
        own[a] = 1.0 / np.sqrt(mine) if mine > FLAT * n_chosen else 0.0
        other[a] = 1.0 / np.sqrt(theirs) if theirs > FLAT * (n_pair - n_chosen) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def both_groups(products, sums, n_chosen, n_pair, total, chosen, others):  # pragma: no cover - compiled
    """Correlations of the chosen people and of all others of the pair, from the products of the chosen alone.

    `products` (batch, p, p) and `sums` (batch, p) are sums over the chosen people of y y' and y; `total` (p, p) is the
    sum of y y' over the pair, whose y sum to zero: no exchange of labels changes it, so the others' products and
    sums are subtractions. Fills the upper triangles of `chosen` and `others`.
    """
    batch, p, _ = products.shape
    ratio = n_chosen / (n_pair - n_chosen)
    shift, own, other = np.empty(p), np.empty(p), np.empty(p)
    for k in range(batch):
        _scales(products[k], sums[k], n_chosen, n_pair, total, shift, own, other)
        for a in range(p - 1):
            for b in range(a + 1, p):
                s, both = products[k, a, b], shift[a] * shift[b]
                chosen[k, a, b] = (s - both) * (own[a] * own[b])
                others[k, a, b] = (total[a, b] - s - ratio * both) * (other[a] * other[b])


@njit(cache=True, nogil=True, error_model="numpy")
def tanh_of_groups(products, sums, n_chosen, n_pair, total, result):  # pragma: no cover - compiled
    """`both_groups` and `tanh_difference`, chosen minus others, in one pass: the loop that the test spends its time in.

    Rows are cut before they are run through, because only then are the loops compiled to vector instructions.
    """
    batch, p, _ = products.shape
    ratio = n_chosen / (n_pair - n_chosen)
    shift, own, other = np.empty(p), np.empty(p), np.empty(p)
    for k in range(batch):
        _scales(products[k], sums[k], n_chosen, n_pair, total, shift, own, other)
        for a in range(p - 1):
            shift_a, own_a, other_a = shift[a], own[a], other[a]
            shifts, owns, others = shift[a + 1 :], own[a + 1 :], other[a + 1 :]
            product, whole, row = products[k, a, a + 1 :], total[a, a + 1 :], result[k, a, a + 1 :]
            for b in range(p - 1 - a):
                s, both = product[b], shift_a * shifts[b]
                x = (s - both) * (own_a * owns[b])
                y = (whole[b] - s - ratio * both) * (other_a * others[b])
                x = CEILING if x > CEILING else (-CEILING if x < -CEILING else x)
                y = CEILING if y > CEILING else (-CEILING if y < -CEILING else y)
                row[b] = (x - y) / (1.0 - x * y)


@njit(cache=True, nogil=True, error_model="numpy")
def tanh_difference(first, second, result):  # pragma: no cover - compiled
    """Upper triangles of (first - second) / (1 - first second) = tanh(atanh first - atanh second).

    Monotone in the difference of Fisher's z, so that comparisons need no logarithm.
    """
    batch, p, _ = first.shape
    for k in range(batch):
        for a in range(p - 1):
            for b in range(a + 1, p):
                x = min(max(first[k, a, b], -CEILING), CEILING)
                y = min(max(second[k, a, b], -CEILING), CEILING)
                result[k, a, b] = (x - y) / (1.0 - x * y)


@njit(cache=True, nogil=True, error_model="numpy")
def tally(statistic, limit, exceed, top, total):  # pragma: no cover - compiled
    """Count, over a batch of permutations, where |statistic| reaches `limit`.

    Upper triangles of `statistic` (batch, p, p), `limit` and `exceed` (p, p). `top` and `total` (batch,) become the
    largest absolute value and the sum of squares of each permutation.
    """
    batch, p, _ = statistic.shape
    largest, sums = np.empty(p), np.empty(p)
    for k in range(batch):
        largest[:] = 0.0
        sums[:] = 0.0
        for a in range(p - 1):
            row, least, count = statistic[k, a, a + 1 :], limit[a, a + 1 :], exceed[a, a + 1 :]
            most, squares = largest[a + 1 :], sums[a + 1 :]
            for b in range(p - 1 - a):
                u = abs(row[b])
                count[b] += 1 if u >= least[b] else 0
                most[b] = u if u > most[b] else most[b]
                squares[b] += u * u
        top[k] = largest.max()
        total[k] = sums.sum()


@njit(cache=True, nogil=True, error_model="numpy")
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
