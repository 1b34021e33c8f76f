r"""What moving a few elements of a positive definite matrix does to its determinant and its inverse.

For one element (i, j), and its mirror image, with K = R^-1,

    |R + d (e_i e_j' + e_j e_i')| / |R| = (1 + d k_ij)^2 - d^2 k_ii k_jj

For several, let R move by a symmetric matrix whose elements outside the rows and columns T vanish; D is what is left of it, a few by a
few. With K = R^-1, K_TT = L L' and M = 1 + L' D L,

    |R + D| / |R| = |M|,     (R + D)^-1 = K - K_.T B K_T.,     B = L^-T (1 - M^-1) L^-1

and R + D is positive definite where M is: the Schur complement of the rest of R in R is (L L')^-1, and
(L L')^-1 + D = L^-T M L^-1. A determinant costs a few dozen operations however many regions there are; B is needed only
where the move is made.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into, gram_of_rows_into, invert_lower_into


@inner
def log_det_change(d, k_ii, k_ij, k_jj):
    """Log of the determinant's ratio after one element moved by d; -inf outside the positive definite."""
    a = 1.0 + d * k_ij
    ratio = a * a - d * d * k_ii * k_jj
    if ratio <= 1e-12 or a <= 0.0:
        return -np.inf
    return math.log(ratio)


@inner
def move_weights(d, k_ii, k_ij, k_jj):
    """B for one element moved by d: its place for (i, i), (j, j) and (i, j)."""
    o = 1.0 / d + k_ij
    determinant = k_ii * k_jj - o * o
    return k_jj / determinant, k_ii / determinant, -o / determinant


@inner
def move_inverse(k, i, j, d):
    """Update an inverse in place after elements (i, j) and (j, i) of the matrix moved by d."""
    p = k.shape[0]
    a, b, c = move_weights(d, k[i, i], k[i, j], k[j, j])
    column_i, column_j = np.empty(p), np.empty(p)
    for r in range(p):
        column_i[r], column_j[r] = k[r, i], k[r, j]
    for r in range(p):
        left = column_i[r] * a + column_j[r] * c
        right = column_i[r] * c + column_j[r] * b
        for s in range(p):
            k[r, s] -= left * column_i[s] + right * column_j[s]


@inner
def log_det_of_move(inverse, touched, move, factors, work):
    """Log ratio of the determinants, NaN where the moved matrix is not positive definite.

    `touched` (t,) are the rows T, `move` (t, t) is D, `inverse` is K; the lower factors of K_TT and of M go into `factors`
    (2, t, t), for `weights_of_move`; `work` (2, t, t).
    """
    t = touched.shape[0]
    among, moved, root = work[0], work[1], factors[0]
    for a in range(t):
        for b in range(t):
            among[a, b] = inverse[touched[a], touched[b]]
    if not cholesky_into(among, root):
        return np.nan
    for a in range(t):  # D L
        for b in range(t):
            moved[a, b] = 0.0
            for c in range(b, t):
                moved[a, b] += move[a, c] * root[c, b]
    for a in range(t):
        for b in range(a, t):
            among[a, b] = 1.0 if a == b else 0.0
            for c in range(a, t):
                among[a, b] += root[c, a] * moved[c, b]
    if not cholesky_into(among, factors[1]):
        return np.nan
    value = 1.0
    for a in range(t):
        value *= factors[1, a, a]
    return 2.0 * math.log(value)


@inner
def weights_of_move(factors, weight, work):
    """The B of a move into `weight` (t, t), given the factors that `log_det_of_move` found; `work` (2, t, t)."""
    t = weight.shape[0]
    down, less = work[0], work[1]
    invert_lower_into(factors[1], down)
    gram_of_rows_into(down, less)
    for a in range(t):
        for b in range(t):
            less[a, b] = (1.0 if a == b else 0.0) - less[a, b]
    invert_lower_into(factors[0], down)
    for a in range(t):
        for b in range(t):
            weight[a, b] = 0.0
            for c in range(a, t):
                for d in range(b, t):
                    weight[a, b] += down[c, a] * less[c, d] * down[d, b]


@inner
def update_inverse(inverse, touched, weight):
    """Update an inverse in place, given the B of the move."""
    p, t = inverse.shape[0], touched.shape[0]
    columns, weighted = np.empty((t, p)), np.zeros((t, p))
    for a in range(t):
        for i in range(p):
            columns[a, i] = inverse[touched[a], i]
    for a in range(t):
        for b in range(t):
            for i in range(p):
                weighted[a, i] += weight[a, b] * columns[b, i]
    for a in range(t):
        for i in range(p):
            c = columns[a, i]
            for j in range(p):
                inverse[i, j] -= c * weighted[a, j]
