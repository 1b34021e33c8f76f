r"""Means, covariate slopes and site effects given each group's precision matrix: exact normal draws.

W (row, region) holds one row for the intercept, each patient group, covariate and site. Row r ~ Normal(mean_r, sd_r^2 C_r):
regions are independent but for homologues (`symmetry`), and what is not included is Normal(0, same_sd^2) instead (`focal`). The rows'
means are drawn together with W. The spread is drawn twice a sweep, once given W (centred) and once, with the mean, given the
standardised W (non-centred): one of the two always mixes (Yu and Meng 2011).
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import product, solve_lower, solve_lower_transposed
from bayescov.sampling.kernels.scalars import draw_spread, normal_above_zero
from bayescov.sampling.kernels.symmetry import draw_symmetries, sums_of_squares

INTERCEPT, LEARNED, SITE = 0, 1, 2
LEAST_SPREAD = 1e-6  # of a row; below, W and the row's mean are the same number to the precision matrix


@inner
def cross_products(regressors, y, weight, codes, xx, xy, yy):
    """Weighted cross-products of [regressors, y] in each group."""
    xx[:] = 0.0
    xy[:] = 0.0
    yy[:] = 0.0
    n, q = regressors.shape
    p = y.shape[1]
    for s in range(n):
        g = codes[s]
        w = weight[s]
        for a in range(q):
            left = w * regressors[s, a]
            if left != 0.0:
                for b in range(q):
                    xx[g, a, b] += left * regressors[s, b]
                for b in range(p):
                    xy[g, a, b] += left * y[s, b]
        for a in range(p):
            left = w * y[s, a]
            for b in range(p):
                yy[g, a, b] += left * y[s, b]


@inner
def residual_scatter(xx, xy, yy, w, scatter):
    """S_g = sum of w_i r_i r_i' with r the residuals."""
    n_groups, q, p = xy.shape
    for g in range(n_groups):
        half = xy[g].copy()  # X'Y - X'X W / 2, so that S = Y'Y - W' half - half' W
        for a in range(q):
            for b in range(q):
                c = 0.5 * xx[g, a, b]
                if c != 0.0:
                    for j in range(p):
                        half[a, j] -= c * w[b, j]
        for i in range(p):
            for j in range(i + 1):
                s = yy[g, i, j]
                for a in range(q):
                    s -= w[a, i] * half[a, j] + half[a, i] * w[a, j]
                scatter[g, i, j] = s
                scatter[g, j, i] = s


@inner
def fill_precision(
    xx, xy, omega, row_kind, row_sd, row_symmetry, row_included, same_sd, partner, shift_sd, precision, right
):  # fmt: skip
    """Precision of W and, behind it, of the rows' means given everybody, below the diagonal, and what it is multiplied by."""
    n_groups, q = xx.shape[0], xx.shape[1]
    p = xy.shape[2]
    m = q * p
    for g in range(n_groups):
        target = product(xy[g], omega[g])
        for a in range(q):
            for j in range(p):
                right[a * p + j] += target[a, j]
            for b in range(a + 1):
                c = xx[g, a, b]
                if c != 0.0:
                    for i in range(p):
                        for j in range(p):
                            precision[a * p + i, b * p + j] += c * omega[g, i, j]
    for a in range(q):
        c = row_symmetry[a]
        learned = row_kind[a] == LEARNED
        precision[m + a, m + a] = 1.0 / shift_sd**2 if learned else 1.0
        for j in range(p):
            k, at = partner[j], a * p + j
            if row_included[a, j] == 0:
                precision[at, at] += 1.0 / same_sd**2
                continue
            pull = 1.0 / (
                row_sd[a] ** 2 * (1.0 + c if k >= 0 else 1.0)
            )  # of the mean; the sum over a row of the precision
            if learned:
                precision[m + a, at] = -pull
                precision[m + a, m + a] += pull
            if 0 <= k < j:
                precision[at, a * p + k] -= c * pull / (1.0 - c)
            precision[at, at] += pull / (1.0 - c) if k >= 0 else pull


@inner
def draw_coefficients(
    rng, xx, xy, omega, row_kind, row_mean, row_sd, row_symmetry, row_included, same_sd, w, partner, shift_sd
):
    """All of W at once, and the means of the rows that are learned."""
    q, p = w.shape
    m = q * p  # the means stand behind W
    precision = np.zeros((m + q, m + q))
    right = np.zeros(m + q)
    fill_precision(
        xx, xy, omega, row_kind, row_sd, row_symmetry, row_included, same_sd, partner, shift_sd, precision, right
    )  # fmt: skip
    factor = np.linalg.cholesky(precision)  # of what stands below the diagonal
    solve_lower(factor, right)
    for i in range(m + q):
        right[i] += rng.standard_normal()
    solve_lower_transposed(factor, right)
    for a in range(q):
        for j in range(p):
            w[a, j] = right[a * p + j]
        if row_kind[a] == LEARNED:
            row_mean[a] = right[m + a]


@inner
def draw_rows(
    rng, xx, xy, omega, row_kind, row_mean, row_sd, row_symmetry, row_included, w, partner, paired, shift_sd, spread_scale,
    site_scale, a, b,
):  # fmt: skip
    """Means, spreads and symmetries of the rows of W, one of each in turn, of all sites together; W moves with some."""
    q, p = w.shape
    departures = np.empty(p)
    for r in range(1, q):
        learned = row_kind[r] == LEARNED
        if not learned and row_kind[r - 1] == SITE:  # drawn with the first site
            break
        last, scale = (r + 1, spread_scale) if learned else (q, site_scale)
        count, squares = 0.0, 0.0
        for s in range(r, last):
            for j in range(p):
                departures[j] = row_included[s, j] * (w[s, j] - row_mean[s])
                count += row_included[s, j]
            alone, together, apart = sums_of_squares(departures, partner)
            squares += alone + together / (1.0 + row_symmetry[s]) + apart / (1.0 - row_symmetry[s])
        sd = draw_spread(rng, row_sd[r], count, squares, scale)
        for s in range(r, last):
            row_sd[s] = sd
        if learned:
            _draw_row_non_centred(
                rng, xx, xy, omega, r, row_mean, row_sd, row_included, w, shift_sd, spread_scale
            )
        if paired:
            draw_symmetries(
                rng, xx, xy, omega, r, last, row_mean, row_sd, row_symmetry, row_included, w, partner, a, b
            )


@inner
def _draw_row_non_centred(rng, xx, xy, omega, r, row_mean, row_sd, row_included, w, shift_sd, spread_scale):
    n_groups, q = xx.shape[0], xx.shape[1]
    p = w.shape[1]
    # What is included of W_r is mean 1 + sd e; its log likelihood is l'W_r - W_r' Q W_r / 2, all else being held.
    l_one, l_e, q_one, q_cross, q_e = 0.0, 0.0, 0.0, 0.0, 0.0
    on = row_included[r]
    e = np.empty(p)
    rest = np.empty(p)
    for j in range(p):
        e[j] = on[j] * (w[r, j] - row_mean[r]) / row_sd[r]
    for g in range(n_groups):
        for j in range(p):
            rest[j] = xy[g, r, j]
            for s in range(q):
                if s != r or on[j] == 0:
                    rest[j] -= xx[g, r, s] * w[s, j]
        for i in range(p):
            one, cross, pull = 0.0, 0.0, 0.0
            for j in range(p):
                one += omega[g, i, j] * on[j]
                cross += omega[g, i, j] * e[j]
                pull += omega[g, i, j] * rest[j]
            l_one += on[i] * pull
            l_e += e[i] * pull
            q_one += xx[g, r, r] * on[i] * one
            q_cross += xx[g, r, r] * on[i] * cross
            q_e += xx[g, r, r] * e[i] * cross
    # Jointly normal, cut off at sd = 0: the spread with the mean integrated out, then the mean.
    lam = q_one + 1.0 / shift_sd**2
    lam_sd = q_e + 1.0 / spread_scale**2 - q_cross**2 / lam
    middle = (l_e - q_cross * l_one / lam) / lam_sd
    row_sd[r] = max(normal_above_zero(rng, middle, 1.0 / math.sqrt(lam_sd)), LEAST_SPREAD)
    row_mean[r] = (l_one - row_sd[r] * q_cross) / lam + rng.standard_normal() / math.sqrt(lam)
    for j in range(p):
        if on[j] == 1:
            w[r, j] = row_mean[r] + row_sd[r] * e[j]
