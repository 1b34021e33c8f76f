"""Log density of each person given the parameters and the other people of the group, the covariance integrated out.

With A = kappa S* + S_g and h = r' A^-1 r for a person's residuals r, the scatter without that person has determinant
|A| (1 - h), and the person's volumes follow a multivariate t with kappa + n_g + 1 degrees of freedom.
"""

import math

import numpy as np
from numba import njit

from bayescov.sampling.kernels.closeness import INFINITE
from bayescov.sampling.kernels.linalg import cholesky_into

__all__ = ["leave_one_out"]


@njit(cache=True, nogil=True, error_model="numpy")
def leave_one_out(center, log_d, kappa, scatter, residuals, codes, sizes, out):
    """`out` (subject,): one value a person; NaN where a matrix is not positive definite."""
    n_groups, p = log_d.shape
    n = residuals.shape[0]
    a = np.empty((p, p))
    root = np.empty((p, p))
    white = np.empty(p)
    for g in range(n_groups):
        infinite = kappa[g] >= INFINITE
        for i in range(p):
            for j in range(p):
                prior = center[g, i, j] * math.exp(log_d[g, i] + log_d[g, j])
                a[i, j] = prior if infinite else kappa[g] * prior + scatter[g, i, j]
        definite = cholesky_into(a, root)
        half_log_det = 0.0
        for i in range(p):
            half_log_det += math.log(root[i, i]) if definite else math.nan
        dof = kappa[g] + sizes[g] + 1.0
        constant = math.lgamma((dof + p) / 2.0) - math.lgamma(dof / 2.0) - p / 2.0 * math.log(math.pi)
        for s in range(n):
            if codes[s] != g:
                continue
            h = 0.0
            for i in range(p):
                t = residuals[s, i]
                for j in range(i):
                    t -= root[i, j] * white[j]
                white[i] = t / root[i, i]
                h += white[i] * white[i]
            if infinite:
                out[s] = -0.5 * h - half_log_det - p / 2.0 * math.log(2.0 * math.pi)
            else:
                out[s] = constant - half_log_det + (dof + p - 1.0) / 2.0 * math.log1p(-h)
