"""Small dense linear algebra on symmetric positive definite matrices.

Below `BLAS_FROM` rows plain loops beat a call of LAPACK; from there on LAPACK wins.
"""

import math

import numpy as np
from numba import njit

BLAS_FROM = 28


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def invert_lower_into(lower, out):
    """Inverse of a lower-triangular matrix, lower-triangular."""
    p = lower.shape[0]
    for j in range(p):
        for i in range(j):
            out[i, j] = 0.0
        out[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, p):
            s = 0.0
            for k in range(j, i):
                s += lower[i, k] * out[k, j]
            out[i, j] = -s / lower[i, i]


@njit(cache=True, nogil=True)
def gram_of_rows_into(v, out):
    """`v.T @ v` for a lower-triangular `v`."""
    p = v.shape[0]
    for i in range(p):
        for j in range(i + 1):
            s = 0.0
            for k in range(i, p):
                s += v[k, i] * v[k, j]
            out[i, j] = s
            out[j, i] = s


@njit(cache=True, nogil=True)
def invert_spd_into(a, out, work, work2):
    """Inverse of a positive definite matrix; returns its log determinant, or NaN if it is not one."""
    p = a.shape[0]
    if not cholesky_into(a, work):
        return np.nan
    logdet = 0.0
    for j in range(p):
        logdet += 2.0 * math.log(work[j, j])
    if p < BLAS_FROM:
        invert_lower_into(work, work2)
        gram_of_rows_into(work2, out)
    else:
        out[:] = np.linalg.inv(a)
    return logdet


@njit(cache=True, nogil=True)
def bartlett_into(rng, dof, out):
    """Upper-triangular `out` with `out @ out.T` ~ Wishart(dof, I): chi on the diagonal in reversed order."""
    p = out.shape[0]
    for i in range(p):
        for j in range(i):
            out[i, j] = 0.0
        out[i, i] = math.sqrt(2.0 * rng.standard_gamma(0.5 * (dof - (p - 1 - i))))
        for j in range(i + 1, p):
            out[i, j] = rng.standard_normal()


@njit(cache=True, nogil=True)
def draw_inverse_wishart(rng, dof, psi, sigma, omega):
    """Draw Sigma ~ InverseWishart(dof, psi) into `sigma` and its inverse into `omega`."""
    p = psi.shape[0]
    factor = np.linalg.cholesky(psi)
    upper = np.empty((p, p))
    bartlett_into(rng, dof, upper)
    # A lower-triangular B with B'B ~ Wishart: the transpose of `upper`.
    b = np.ascontiguousarray(upper.T)
    b_inverse = np.empty((p, p))
    invert_lower_into(b, b_inverse)
    left = factor @ b_inverse
    sigma[:] = left @ left.T
    factor_inverse = np.empty((p, p))
    invert_lower_into(factor, factor_inverse)
    right = b @ factor_inverse
    omega[:] = right.T @ right
