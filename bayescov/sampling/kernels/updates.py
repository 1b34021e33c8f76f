r"""What moving a few elements of a positive definite matrix does to its determinant and its inverse.

For one element (i, j), and its mirror image, with K = R^-1,

    |R + d (e_i e_j' + e_j e_i')| / |R| = (1 + d k_ij)^2 - d^2 k_ii k_jj

For several, let R move by a symmetric matrix whose elements outside the rows and columns T vanish; D is what is left of it, a few by a
few. With K = R^-1 and S = K_TT, the Schur complement of the rest of R in R is S^-1, so R + D is positive definite where
S^-1 + D is, and

    |R + D| / |R| = |S| |S^-1 + D|,     (R + D)^-1 = K - K_.T B K_T.,     B = S^-1 - S^-1 (S^-1 + D)^-1 S^-1

which holds for a singular D as well. A determinant costs a few dozen operations however many regions there are.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into


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
def log_det_of_move(inverse, touched, move, weight, work):
    """Log ratio of the determinants, NaN where the moved matrix is not positive definite; B into `weight`.

    `touched` (t,) are the rows T, `move` (t, t) is D, `inverse` is K; `work` (4, t, t).
    """
    t = touched.shape[0]
    small, small_inverse, one, two = work[0], work[1], work[2], work[3]
    for a in range(t):
        for b in range(t):
            small[a, b] = inverse[touched[a], touched[b]]
    value = invert_spd_into(small, small_inverse, one, two)
    for a in range(t):
        for b in range(t):
            small[a, b] = small_inverse[a, b] + move[a, b]
    value += invert_spd_into(small, weight, one, two)
    for a in range(t):
        for b in range(t):
            one[a, b] = 0.0
            for c in range(t):
                one[a, b] += small_inverse[a, c] * weight[c, b]
    for a in range(t):
        for b in range(t):
            weight[a, b] = small_inverse[a, b]
            for c in range(t):
                weight[a, b] -= one[a, c] * small_inverse[c, b]
    return value


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
