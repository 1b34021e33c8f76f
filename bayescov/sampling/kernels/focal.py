r"""Which structures of a patient group differ from the controls, all of W, the rows' means and the groups' shares integrated out.

A structure is a region, or left and right of it. Given the rows' spreads and symmetries, W and the rows' means are normal. What is
known of one structure and its row's mean but for the structure's prior is normal as well: the odds are the ratio of what that makes
of either prior, Normal(mean, sd^2 C) where the structure differs and Normal(0, same_sd^2) where not (George and McCulloch 1993).
Another prior changes mean and covariance of everything by as many ranks as the structure has regions. A mean or a share that was
held would hold the structures: where none differs a row's mean may be anything, and hardly ever is what another structure needs.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into, times
from bayescov.sampling.kernels.means import fill_precision
from bayescov.sampling.kernels.scalars import draw_share

LEAST_LOG_ODDS = -700.0  # below, their exponential is infinite


@inner
def draw_included(
    rng, xx, xy, omega, row_kind, row_sd, row_symmetry, row_included, row_share, same_sd, partner, shift_sd, share_a, share_b
):  # fmt: skip
    """Every structure of every patient group in turn, then the groups' shares. W and the rows' means have to be drawn next."""
    n_groups, (q, p) = xx.shape[0], row_included.shape
    m = q * p + q
    precision, right, mean = np.zeros((m, m)), np.zeros(m), np.empty(m)
    fill_precision(
        xx, xy, omega, row_kind, row_sd, row_symmetry, row_included, same_sd, partner, shift_sd, precision, right
    )  # fmt: skip
    for i in range(m):
        for j in range(i):
            precision[j, i] = precision[i, j]
    covariance = np.linalg.inv(precision)
    times(covariance, right, mean)
    for r in range(1, n_groups):
        differing, same = share_a, share_b
        for j in range(p):
            if partner[j] <= j:  # once a structure
                differing += row_included[r, j]
                same += 1 - row_included[r, j]
        for j in range(p):
            if partner[j] <= j:
                differing -= row_included[r, j]
                same -= 1 - row_included[r, j]
                odds = math.log(differing / same)  # given all other structures
                switch(
                    rng, r, j, partner[j], odds, row_sd[r], row_symmetry[r], row_included, same_sd, covariance, mean
                )  # fmt: skip
                differing += row_included[r, j]
                same += 1 - row_included[r, j]
        row_share[r] = draw_share(rng, differing, same)


@inner
def switch(rng, r, j, k, log_odds, row_sd, row_symmetry, row_included, same_sd, covariance, mean):
    """The structure of region j, and of k unless that is negative, in row r: does it differ? Covariance and mean follow."""
    (q, p), m = row_included.shape, mean.shape[0]
    size = 3 if k >= 0 else 2  # of the regions and, last, the row's mean
    at = np.empty(size, np.int64)
    at[0], at[1], at[size - 1] = r * p + j, r * p + k, q * p + r
    link, vectors = np.empty((size, m)), np.empty((4, size))
    here, known, there, turn = vectors[0], vectors[1], vectors[2], vectors[3]
    small = np.empty((8, size, size))
    own, own_inverse, change, other = small[0], small[1], small[2], small[3]
    other_inverse, gain, work, work2 = small[4], small[5], small[6], small[7]
    for i in range(size):
        here[i] = mean[at[i]]
        for o in range(m):
            link[i, o] = covariance[at[i], o]
        for o in range(size):
            own[i, o] = covariance[at[i], at[o]]
    to_differing = 1.0 - 2.0 * row_included[r, j]
    log_det = _change_of_prior(to_differing, row_sd, row_symmetry, same_sd, change)
    log_det -= invert_spd_into(own, own_inverse, work, work2)
    for i in range(size):
        for o in range(size):
            other[i, o] = own_inverse[i, o] + change[i, o]
    log_det -= invert_spd_into(other, other_inverse, work, work2)
    # x ~ Normal(here, own) under this prior; the other one's density over this one's has the expectation exp(log_ratio) over it.
    times(own_inverse, here, known)
    times(other_inverse, known, there)
    square = 0.0
    for i in range(size):
        square += known[i] * (there[i] - here[i])
    log_ratio = to_differing * log_odds + 0.5 * (log_det + square)
    if not rng.random() < 1.0 / (1.0 + math.exp(-max(log_ratio, LEAST_LOG_ODDS))):
        return
    # With E the columns of the structure, (C^-1 + E change E')^-1 = C - C E gain E' C.
    for i in range(size):
        times(other_inverse, change[i], there)
        times(change, there, turn)
        for o in range(size):
            gain[i, o] = change[i, o] - turn[o]
    for i in range(size):
        moved = 0.0
        for o in range(size):
            moved += gain[i, o] * here[o]
        for o in range(m):
            mean[o] -= moved * link[i, o]
    for o in range(m):
        for i in range(size):
            x = 0.0
            for n in range(size):
                x += gain[i, n] * link[n, o]
            for n in range(m):
                covariance[o, n] -= x * link[i, n]
    for i in range(size - 1):
        row_included[r, at[i] - r * p] = 1 - row_included[r, at[i] - r * p]


@inner
def _change_of_prior(to_differing, sd, symmetry, same_sd, change):
    """By how much the precision of a structure and its row's mean changes, and the log determinant of the structure's."""
    size = change.shape[0]
    last = size - 1
    c = symmetry if size == 3 else 0.0
    pull = to_differing / (sd**2 * (1.0 + c))
    for i in range(last):
        for o in range(last):
            change[i, o] = -c * pull / (1.0 - c)
        change[i, i] = pull / (1.0 - c) - to_differing / same_sd**2
        change[i, last] = change[last, i] = -pull
    change[last, last] = last * pull
    return to_differing * (2.0 * last * math.log(same_sd / sd) - math.log((1.0 - c) * (1.0 + c)))
