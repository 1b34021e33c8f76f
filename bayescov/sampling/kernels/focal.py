r"""Which structures of a patient group differ from the controls at all, means, slopes and site effects integrated out.

A structure is a region, or left and right of it. Given the spreads, symmetries and means of its rows, W is normal with precision
P and P times its mean known, and what stands at zero is conditioned on. Putting a structure in or taking it out changes the mean and
the covariance of all others by as many ranks as it has regions; the odds are the ratio of two densities at zero, of the structure
given everybody and beforehand (Dickey 1971).
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import product
from bayescov.sampling.kernels.means import LEARNED, fill_precision, leave_out, pull_of_mean

LEAST_LOG_ODDS = -700.0  # below, their exponential is infinite
LEAST_SHARE = 1e-12


@inner
def draw_included(
    rng, xx, xy, omega, row_kind, row_mean, row_sd, row_symmetry, row_included, row_share, partner, share_a, share_b
):
    """Every structure of every patient group in turn, and the groups' shares. W has to be drawn next."""
    n_groups, (q, p) = xx.shape[0], row_included.shape
    precision, right = np.zeros((q * p, q * p)), np.zeros(q * p)
    fill_precision(xx, xy, omega, row_sd, row_symmetry, partner, precision, right)
    for a in range(q):
        for j in range(p):
            if row_kind[a] == LEARNED:
                right[a * p + j] += row_mean[a] * pull_of_mean(a, j, row_sd, row_symmetry, partner)
    covariance = _covariance(precision, row_included.ravel())
    mean = _applied(covariance, right)
    for r in range(1, n_groups):
        differing, same = 0.0, 0.0
        for j in range(p):
            k = partner[j]
            if k <= j:  # once a structure
                switch(
                    rng, r, j, k, row_mean, row_sd, row_symmetry, row_included, row_share, precision, right, covariance, mean
                )  # fmt: skip
                differing += row_included[r, j]
                same += 1 - row_included[r, j]
        yes, no = rng.standard_gamma(share_a + differing), rng.standard_gamma(share_b + same)
        row_share[r] = min(max(yes / (yes + no), LEAST_SHARE), 1.0 - LEAST_SHARE)


@inner
def _covariance(precision, included):
    """Of what is included; zero elsewhere. The precision is made whole."""
    m = precision.shape[0]
    known = precision.copy()
    for i in range(m):
        if included[i] == 0:
            leave_out(known, i)
        for j in range(i):
            precision[j, i] = precision[i, j]
    for i in range(m):
        for j in range(i):
            known[j, i] = known[i, j]
    covariance = np.linalg.inv(known)
    for i in range(m):
        if included[i] == 0:
            covariance[i, i] = 0.0
    return covariance


@inner
def switch(rng, r, j, k, row_mean, row_sd, row_symmetry, row_included, row_share, precision, right, covariance, mean):
    """The structure of region j, and of k unless that is negative, in row r, in or out; covariance and mean follow."""
    size, m, p = 2 if k >= 0 else 1, mean.shape[0], row_included.shape[1]
    at = np.array([r * p + j, r * p + k])
    was = row_included[r, j] == 1
    # If it is in: its mean and its covariance, `here` and `own`, and its covariance with all; if it is out, `own` times `link` is that.
    link, own, here = np.empty((size, m)), np.empty((size, size)), np.empty(size)
    if was:
        for i in range(size):
            link[i] = covariance[at[i]]
            here[i] = mean[at[i]]
            for l in range(size):
                own[i, l] = covariance[at[i], at[l]]
    else:
        known = np.empty((size, m))
        for i in range(size):
            known[i] = -precision[at[i]]
            here[i] = right[at[i]] + (known[i] * mean).sum()
        link = product(known, covariance)
        for i in range(size):
            for l in range(size):
                own[i, l] = precision[at[i], at[l]] - (known[i] * link[l]).sum()
        own = _inverse(own)
        here = _applied(own, here)
    beforehand = np.empty((size, size))
    for i in range(size):
        for l in range(size):
            beforehand[i, l] = row_sd[r] ** 2 * (1.0 if i == l else row_symmetry[r])
    log_odds = math.log(row_share[r]) - math.log1p(-row_share[r])
    log_odds += _log_density_at_zero(np.full(size, row_mean[r]), beforehand) - _log_density_at_zero(here, own)
    now = rng.random() < 1.0 / (1.0 + math.exp(-max(log_odds, LEAST_LOG_ODDS)))
    if now == was:
        return
    change = own if now else -_inverse(own)
    moved = here if now else _applied(change, here)
    linked = np.zeros((size, m))
    for i in range(size):
        for l in range(size):
            linked[i] += change[i, l] * link[l]
    for i in range(size):
        mean += moved[i] * link[i]
        for l in range(m):
            covariance[l] += link[i, l] * linked[i]
    for i in range(size):
        row_included[r, at[i] - r * p] = now
        mean[at[i]] = here[i] if now else 0.0
        for l in range(m):
            covariance[at[i], l] = linked[i, l] if now else 0.0
            covariance[l, at[i]] = covariance[at[i], l]
    if now:
        for i in range(size):
            for l in range(size):
                covariance[at[i], at[l]] = own[i, l]


@inner
def _log_density_at_zero(mean, covariance):
    """Of a normal distribution, up to a constant."""
    distance = (mean * _applied(_inverse(covariance), mean)).sum()
    return -0.5 * (distance + math.log(_determinant(covariance)))


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
