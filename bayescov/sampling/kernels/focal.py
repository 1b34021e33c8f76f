r"""Which structures of a patient group differ from the controls, means, slopes and site effects integrated out.

A structure is a region, or left and right of it. Given the spreads, symmetries and means of its rows, W is normal, and what else is
known of one structure than its own prior (the cavity) is normal as well: the odds are the ratio of what that makes of either prior,
Normal(mean, sd^2 C) where it differs and Normal(0, same_sd^2) where not (George and McCulloch 1993). Another prior for it changes mean
and covariance of all of W by as many ranks as it has regions.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.means import LEARNED, fill_precision, pull_of_mean
from bayescov.sampling.kernels.scalars import draw_share

LEAST_LOG_ODDS = -700.0  # below, their exponential is infinite


@inner
def draw_included(
    rng, xx, xy, omega, row_kind, row_mean, row_sd, row_symmetry, row_included, row_share, same_sd, partner, share_a, share_b
):  # fmt: skip
    """Every structure of every patient group in turn, and the groups' shares. W has to be drawn next."""
    n_groups, (q, p) = xx.shape[0], row_included.shape
    precision, right = np.zeros((q * p, q * p)), np.zeros(q * p)
    fill_precision(xx, xy, omega, row_sd, row_symmetry, row_included, same_sd, partner, precision, right)
    for a in range(q):
        for j in range(p):
            if row_kind[a] == LEARNED:
                pull = pull_of_mean(a, j, row_sd, row_symmetry, row_included, partner)
                right[a * p + j] += row_mean[a] * pull
    for i in range(q * p):
        for j in range(i):
            precision[j, i] = precision[i, j]
    covariance = np.linalg.inv(precision)
    mean = _applied(covariance, right)
    for r in range(1, n_groups):
        differing, same = 0.0, 0.0
        for j in range(p):
            k = partner[j]
            if k <= j:  # once a structure
                switch(
                    rng, r, j, k, row_mean, row_sd, row_symmetry, row_included, row_share, same_sd, covariance, mean
                )  # fmt: skip
                differing += row_included[r, j]
                same += 1 - row_included[r, j]
        row_share[r] = draw_share(rng, share_a + differing, share_b + same)


@inner
def switch(rng, r, j, k, row_mean, row_sd, row_symmetry, row_included, row_share, same_sd, covariance, mean):
    """The structure of region j, and of k unless that is negative, in row r: does it differ? Covariance and mean follow."""
    size, m, p = 2 if k >= 0 else 1, mean.shape[0], row_included.shape[1]
    at = np.array([r * p + j, r * p + k])[:size]
    link, own, here = np.empty((size, m)), np.empty((size, size)), np.empty(size)
    # Precision, and precision times mean, of both priors: of what does not differ and of what does.
    precision, pull = np.zeros((2, size, size)), np.zeros((2, size))
    for i in range(size):
        link[i] = covariance[at[i]]
        here[i] = mean[at[i]]
        precision[0, i, i] = 1.0 / same_sd**2
        for o in range(size):
            own[i, o] = covariance[at[i], at[o]]
            precision[1, i, o] = row_sd[r] ** 2 * (1.0 if i == o else row_symmetry[r])
    precision[1] = _inverse(precision[1])
    pull[1] = row_mean[r] * precision[1].sum(axis=1)
    was = int(row_included[r, j])
    cavity = _inverse(own)
    known = _applied(cavity, here) - pull[was]
    cavity -= precision[was]
    log_odds = math.log(row_share[r]) - math.log1p(-row_share[r])
    log_odds += _log_evidence(cavity, known, precision[1], pull[1])
    log_odds -= _log_evidence(cavity, known, precision[0], pull[0])
    now = 1 if rng.random() < 1.0 / (1.0 + math.exp(-max(log_odds, LEAST_LOG_ODDS))) else 0
    if now == was:
        return
    # With E the columns of the structure, (C^-1 + E change E')^-1 = C - C E gain E' C.
    change, turn = precision[now] - precision[was], pull[now] - pull[was]
    gain = _product(_inverse(np.eye(size) + _product(change, own)), change)
    moved = turn - _applied(gain, here + _applied(own, turn))
    linked = _product(gain, link)
    for i in range(size):
        mean += moved[i] * link[i]
        for o in range(m):
            covariance[o] -= link[i, o] * linked[i]
        row_included[r, at[i] - r * p] = now


@inner
def _log_evidence(cavity, known, precision, pull):
    """Log of the integral of exp(-x' cavity x / 2 + known' x) over a normal prior, up to a constant."""
    together, both = cavity + precision, known + pull
    value = math.log(_determinant(precision)) - math.log(_determinant(together))
    value += (both * _applied(_inverse(together), both)).sum()
    return 0.5 * (value - (pull * _applied(_inverse(precision), pull)).sum())


@inner
def _inverse(matrix):
    """Of one region or two."""
    out = np.empty(matrix.shape)
    det = _determinant(matrix)
    out[0, 0] = (matrix[1, 1] if matrix.shape[0] == 2 else 1.0) / det
    if matrix.shape[0] == 2:
        out[0, 1], out[1, 0], out[1, 1] = -matrix[0, 1] / det, -matrix[1, 0] / det, matrix[0, 0] / det
    return out


@inner
def _determinant(matrix):
    if matrix.shape[0] == 1:
        return matrix[0, 0]
    return matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]


@inner
def _applied(matrix, v):
    out = np.empty(v.shape[0])
    for i in range(v.shape[0]):
        out[i] = (matrix[i] * v).sum()
    return out


@inner
def _product(a, b):
    out = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for o in range(a.shape[1]):
            out[i] += a[i, o] * b[o]
    return out
