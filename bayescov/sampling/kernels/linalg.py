"""Small dense linear algebra on symmetric positive definite matrices.

At 14 to 68 regions, an inverse by plain loops along the rows is faster than by LAPACK.
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
    """Lower Cholesky factor of `a` written into `lower` (upper part zeroed). False if not positive definite."""
    p = a.shape[0]
    for j in range(p):
        s = a[j, j]
        for k in range(j):
            s -= lower[j, k] * lower[j, k]
        if not s > 1e-14:
            return False
        d = math.sqrt(s)
        lower[j, j] = d
        for k in range(j + 1, p):
            lower[j, k] = 0.0
        for i in range(j + 1, p):
            t = a[i, j]
            for k in range(j):
                t -= lower[i, k] * lower[j, k]
            lower[i, j] = t / d
    return True


@inner
def invert_lower_into(lower, out):
    """Inverse of a lower-triangular matrix, lower-triangular."""
    p = lower.shape[0]
    for i in range(p):
        for j in range(p):
            out[i, j] = 0.0
        out[i, i] = 1.0
        for k in range(i):
            t = lower[i, k]
            for j in range(k + 1):
                out[i, j] -= t * out[k, j]
        for j in range(i + 1):
            out[i, j] /= lower[i, i]


@inner
def gram_of_rows_into(v, out):
    """`v.T @ v` for a lower-triangular `v`."""
    p = v.shape[0]
    for i in range(p):
        for j in range(i + 1):
            out[i, j] = 0.0
    for k in range(p):
        for i in range(k + 1):
            t = v[k, i]
            for j in range(i + 1):
                out[i, j] += t * v[k, j]
    for i in range(p):
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
