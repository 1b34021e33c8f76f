"""What is drawn person by person: weights of the Student-t likelihood and missing volumes."""

import math

import numpy as np
from numba import njit

from bayescov.sampling.kernels.scalars import draw_dof


@njit(cache=True, nogil=True)
def draw_weights(rng, residuals, codes, omega, weight, dof, dof_shape, dof_rate):
    """w_i | rest ~ Gamma((nu + p) / 2, (nu + r' Omega r) / 2); then nu | w. Returns nu."""
    n, p = residuals.shape
    total = 0.0
    for s in range(n):
        r = residuals[s]
        distance = r @ (omega[codes[s]] @ r)
        weight[s] = rng.standard_gamma(0.5 * (dof + p)) / (0.5 * (dof + distance))
        total += math.log(weight[s]) - weight[s]
    return draw_dof(rng, dof, float(n), total, dof_shape, dof_rate)


@njit(cache=True, nogil=True)
def draw_missing(rng, y, fitted, missing, codes, omega, weight):
    """Missing volumes given the person's other volumes: Normal(mu_m - Omega_mm^-1 Omega_mo r_o, Omega_mm^-1 / w)."""
    n, p = y.shape
    for s in range(n):
        where = np.flatnonzero(missing[s])
        m = where.shape[0]
        if m == 0:
            continue
        precision = omega[codes[s]]
        block = np.empty((m, m))
        right = np.zeros(m)
        for a in range(m):
            for b in range(m):
                block[a, b] = precision[where[a], where[b]]
            for j in range(p):
                if not missing[s, j]:
                    right[a] -= precision[where[a], j] * (y[s, j] - fitted[s, j])
        factor = np.linalg.cholesky(block)
        mean = np.linalg.solve(block, right)
        noise = np.empty(m)
        for a in range(m):
            noise[a] = rng.standard_normal()
        noise = np.linalg.solve(factor.T.copy(), noise) / math.sqrt(weight[s])
        for a in range(m):
            y[s, where[a]] = fitted[s, where[a]] + mean[a] + noise[a]
