"""Small dense linear algebra on symmetric positive definite matrices.

At 14 to 68 regions, an inverse by plain loops along the rows is faster than by LAPACK. Four rows at a time, what is
written is loaded and stored a quarter as often.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner


@inner
def copy_into(a, out):
    """`out[:] = a`, which would take numba seconds to compile: it composes messages on shapes that differ."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j]


@inner
def copy_all_into(a, out):
    """`copy_into` for the matrices of all groups."""
    for g in range(a.shape[0]):
        copy_into(a[g], out[g])


@inner
def cholesky_into(a, lower):
    """Lower Cholesky factor of `a` written into `lower` (upper part zeroed). False if not positive definite.

    Its transpose is made first, row by row: then all that is read and written stands side by side.
    """
    p = a.shape[0]
    for k in range(p):
        n = p - k
        row, given = lower[k, k:], a[k, k:]
        for j in range(n):
            row[j] = given[j]
        m = 0
        while m + 4 <= k:
            one, two, three, four = lower[m, k:], lower[m + 1, k:], lower[m + 2, k:], lower[m + 3, k:]
            s, t, u, v = one[0], two[0], three[0], four[0]
            for j in range(n):
                row[j] = row[j] - s * one[j] - t * two[j] - u * three[j] - v * four[j]
            m += 4
        while m < k:
            one = lower[m, k:]
            s = one[0]
            for j in range(n):
                row[j] -= s * one[j]
            m += 1
        if not row[0] > 1e-14:
            return False
        d = math.sqrt(row[0])
        row[0] = d
        for j in range(1, n):
            row[j] /= d
    for i in range(p):
        for j in range(i):
            lower[i, j] = lower[j, i]
            lower[j, i] = 0.0
    return True


@inner
def invert_lower_into(lower, out):
    """Inverse of a lower-triangular matrix, lower-triangular."""
    p = lower.shape[0]
    for i in range(p):
        for j in range(p):
            out[i, j] = 0.0
        out[i, i] = 1.0
        k = 0
        while k + 4 <= i:
            s, t, u, v = lower[i, k], lower[i, k + 1], lower[i, k + 2], lower[i, k + 3]
            for j in range(k + 4):
                out[i, j] = (
                    out[i, j] - s * out[k, j] - t * out[k + 1, j] - u * out[k + 2, j] - v * out[k + 3, j]
                )
            k += 4
        while k < i:
            s = lower[i, k]
            for j in range(k + 1):
                out[i, j] -= s * out[k, j]
            k += 1
        for j in range(i + 1):
            out[i, j] /= lower[i, i]


@inner
def gram_of_rows_into(v, out):
    """`v.T @ v` for a lower-triangular `v`."""
    p = v.shape[0]
    for i in range(p):
        for j in range(i + 1):
            out[i, j] = 0.0
        k = i
        while k + 4 <= p:
            r, s, t, u = v[k, i], v[k + 1, i], v[k + 2, i], v[k + 3, i]
            for j in range(i + 1):
                out[i, j] = out[i, j] + r * v[k, j] + s * v[k + 1, j] + t * v[k + 2, j] + u * v[k + 3, j]
            k += 4
        while k < p:
            r = v[k, i]
            for j in range(i + 1):
                out[i, j] += r * v[k, j]
            k += 1
        for j in range(i):
            out[j, i] = out[i, j]


@inner
def invert_spd_into(a, out, work, work2):
    """Inverse of a positive definite matrix; returns its log determinant, or NaN if it is not one."""
    if not cholesky_into(a, work):
        return np.nan
    logdet = 0.0
    for j in range(a.shape[0]):
        logdet += 2.0 * math.log(work[j, j])
    invert_lower_into(work, work2)
    gram_of_rows_into(work2, out)
    return logdet


@inner
def bartlett_into(rng, dof, out):
    """Upper-triangular `out` with `out @ out.T` ~ Wishart(dof, I): chi on the diagonal in reversed order."""
    p = out.shape[0]
    for i in range(p):
        for j in range(i):
            out[i, j] = 0.0
        out[i, i] = math.sqrt(2.0 * rng.standard_gamma(0.5 * (dof - (p - 1 - i))))
        for j in range(i + 1, p):
            out[i, j] = rng.standard_normal()


@inner
def product(a, b):
    """`a @ b` of two C-contiguous matrices: one compiled call of BLAS for all kernels."""
    return np.dot(a, b)


@inner
def times(matrix, v, out):
    """A symmetric matrix times v."""
    p, k = v.shape[0], 0
    for j in range(p):
        out[j] = 0.0
    while k + 4 <= p:
        one, two, three, four = matrix[k], matrix[k + 1], matrix[k + 2], matrix[k + 3]
        s, t, u, x = v[k], v[k + 1], v[k + 2], v[k + 3]
        for j in range(p):
            out[j] = out[j] + s * one[j] + t * two[j] + u * three[j] + x * four[j]
        k += 4
    while k < p:
        row, x = matrix[k], v[k]
        for j in range(p):
            out[j] += x * row[j]
        k += 1


@inner
def transposed(a):
    """A contiguous copy of the transpose."""
    n, m = a.shape
    out = np.empty((m, n))
    for i in range(n):
        for j in range(m):
            out[j, i] = a[i, j]
    return out


@inner
def solve_lower(lower, b):
    """Solve `lower @ x = b` in place of `b`."""
    for i in range(b.shape[0]):
        s = b[i]
        for j in range(i):
            s -= lower[i, j] * b[j]
        b[i] = s / lower[i, i]


@inner
def solve_lower_transposed(lower, b):
    """Solve `lower.T @ x = b` in place of `b`."""
    for i in range(b.shape[0] - 1, -1, -1):
        b[i] /= lower[i, i]
        x = b[i]
        for j in range(i):
            b[j] -= lower[i, j] * x


@inner
def draw_inverse_wishart(rng, dof, psi, sigma, omega):
    """Draw Sigma ~ InverseWishart(dof, psi) into `sigma` and its inverse into `omega`."""
    p = psi.shape[0]
    factor = np.empty((p, p))
    cholesky_into(psi, factor)
    upper = np.empty((p, p))
    bartlett_into(rng, dof, upper)
    b = transposed(upper)  # lower-triangular, and b'b ~ Wishart(dof, I)
    inverse = np.empty((p, p))
    invert_lower_into(b, inverse)
    left = product(factor, inverse)
    copy_into(product(left, transposed(left)), sigma)
    invert_lower_into(factor, inverse)
    gram_of_rows_into(product(b, inverse), omega)
