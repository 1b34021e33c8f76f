r"""Means, covariate slopes and site effects given each group's precision matrix, and what their rows have in common.

W (row, region) holds one row for the intercept, each patient group, covariate and site. Row r ~ Normal(mean_r, sd_r^2 C_r): regions are
independent but for homologues, which are correlated by the row's symmetry, and what is not included (`focal`) is Normal(0, same_sd^2)
instead. Spread, symmetry and what is included of a learned row are drawn with all of W and all means integrated out (`evidence`): what
everybody else's volumes say of the row alone is an estimate with a normal error. Then W is drawn at once, and each mean given its row.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.evidence import draw_spread_and_symmetry
from bayescov.sampling.kernels.focal import draw_included
from bayescov.sampling.kernels.linalg import (
    gram_of_rows_into,
    invert_lower_into,
    product,
    solve_lower,
    solve_lower_transposed,
)

INTERCEPT, LEARNED, SITE = 0, 1, 2
LEAST_SPREAD = 1e-6  # below, a row and its mean are the same number to a precision matrix


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
def draw_coefficients(rng, data, prior, state):
    """Of each learned row what is included, spread and symmetry; then all of W at once, and the rows' means."""
    n_groups, (q, p) = state.xx.shape[0], state.w.shape
    m = q * p
    precision, right = np.empty((m, m)), np.empty(m)
    estimate, error = np.empty(p), np.empty((p, p))
    for r in range(q):
        if data.row_kind[r] == LEARNED:
            fill_precision(r, data, prior, state, precision, right)
            find_estimate(np.linalg.cholesky(precision), right, estimate, error)
            if prior.has_focal and r < n_groups:
                draw_included(rng, r, estimate, error, data, prior, state)
            draw_spread_and_symmetry(rng, r, estimate, error, data, prior, state)
    fill_precision(q, data, prior, state, precision, right)
    factor = np.linalg.cholesky(precision)
    solve_lower(factor, right)
    for i in range(m):
        right[i] += rng.standard_normal()
    solve_lower_transposed(factor, right)
    pull = np.empty(p)
    for a in range(q):
        for j in range(p):
            state.w[a, j] = right[a * p + j]
        if data.row_kind[a] == LEARNED:
            weight, total = pulls_of_mean(a, data, prior, state, pull), 0.0
            for j in range(p):
                total += pull[j] * state.w[a, j]
            state.row_mean[a] = total / weight + rng.standard_normal() / math.sqrt(weight)


@inner
def pulls_of_mean(a, data, prior, state, pull):
    """How much the mean of a row pulls at each of its elements, the sum over a row of their prior precision; returns the mean's."""
    alone, total = 1.0 / max(state.row_sd[a], LEAST_SPREAD) ** 2, 1.0 / prior.shift_sd**2
    for j in range(pull.shape[0]):
        pull[j] = alone * state.row_included[a, j]
        if data.partner[j] >= 0:
            pull[j] /= 1.0 + state.row_symmetry[a]
        total += pull[j]
    return total


@inner
def fill_precision(last, data, prior, state, precision, right):
    """Precision of W given everybody, the rows' means integrated out, below the diagonal, and what it is multiplied by.

    Row `last` stands behind all others, and has no prior; where there is no such row, all have.
    """
    n_groups, (q, p) = state.xx.shape[0], state.w.shape
    for i in range(q * p):
        right[i] = 0.0
        for j in range(q * p):
            precision[i, j] = 0.0
    for g in range(n_groups):
        target = product(state.xy[g], state.omega[g])
        for a in range(q):
            first = p * place_of(a, last, q)
            for j in range(p):
                right[first + j] += target[a, j]
            for b in range(q):
                c, other = state.xx[g, a, b], p * place_of(b, last, q)
                if c != 0.0 and other <= first:
                    for i in range(p):
                        for j in range(p):
                            precision[first + i, other + j] += c * state.omega[g, i, j]
    for a in range(q):
        if a != last:
            first = p * place_of(a, last, q)
            _add_prior(a, data, prior, state, precision[first : first + p, first : first + p])


@inner
def place_of(a, last, q):
    """Where row a stands among q, row `last` behind all others."""
    if a < last:
        return a
    return a - 1 if a > last else q - 1


@inner
def _add_prior(a, data, prior, state, precision):
    p, pull = precision.shape[0], np.empty(precision.shape[0])
    total = pulls_of_mean(a, data, prior, state, pull)
    for j in range(p):
        k = data.partner[j]
        c = state.row_symmetry[a] if k >= 0 else 0.0
        precision[j, j] += pull[j] / (1.0 - c) if state.row_included[a, j] == 1 else 1.0 / prior.same_sd**2
        if k >= 0:
            precision[j, k] -= c * pull[j] / (1.0 - c)
        if data.row_kind[a] == LEARNED:
            for i in range(p):
                precision[j, i] -= pull[j] * pull[i] / total


@inner
def find_estimate(factor, right, estimate, error):
    """Mean and covariance of the row that stands last and has no prior: what everybody's volumes say of it.

    `factor` is the precision's, `right` what that is multiplied by; it is solved in place.
    """
    p = estimate.shape[0]
    before = right.shape[0] - p
    solve_lower(factor, right)
    inverse = np.empty((p, p))
    invert_lower_into(factor[before:, before:], inverse)
    gram_of_rows_into(inverse, error)
    for i in range(p):
        estimate[i] = 0.0
        for k in range(i, p):
            estimate[i] += inverse[k, i] * right[before + k]
