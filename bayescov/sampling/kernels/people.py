"""What is drawn person by person: weights of the Student-t likelihood and missing volumes."""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into, solve_lower, solve_lower_transposed
from bayescov.sampling.kernels.scalars import draw_dof


@inner
def draw_weights(rng, residuals, codes, omega, weight, dof, dof_shape, dof_rate):
    """nu, the weights integrated out; then w_i | rest ~ Gamma((nu + p) / 2, (nu + r' Omega r) / 2). Returns nu."""
    n, p = residuals.shape
    distances = np.zeros(n)
    for s in range(n):
        for i in range(p):
            inner = 0.0
            for j in range(p):
                inner += omega[codes[s], i, j] * residuals[s, j]
            distances[s] += residuals[s, i] * inner
    dof = draw_dof(rng, dof, float(p), dof_shape, dof_rate, distances)
    for s in range(n):
        weight[s] = rng.standard_gamma(0.5 * (dof + p)) / (0.5 * (dof + distances[s]))
    return dof


@inner
def draw_missing(rng, y, fitted, missing, codes, omega, weight):
    """Missing volumes given the person's other volumes: Normal(mu_m - Omega_mm^-1 Omega_mo r_o, Omega_mm^-1 / w)."""
    n, p = y.shape
    where = np.empty(p, np.int64)
    for s in range(n):
        m = 0
        for j in range(p):
            if missing[s, j]:
                where[m] = j
                m += 1
        if m == 0:
            continue
        precision = omega[codes[s]]
        block = np.empty((m, m))
        factor = np.empty((m, m))
        mean = np.zeros(m)
        noise = np.empty(m)
        for a in range(m):
            for b in range(m):
                block[a, b] = precision[where[a], where[b]]
            for j in range(p):
                if not missing[s, j]:
                    mean[a] -= precision[where[a], j] * (y[s, j] - fitted[s, j])
            noise[a] = rng.standard_normal() / math.sqrt(weight[s])
        cholesky_into(block, factor)
        solve_lower(factor, mean)
        for a in range(m):
            mean[a] += noise[a]
        solve_lower_transposed(factor, mean)
        for a in range(m):
            y[s, where[a]] = fitted[s, where[a]] + mean[a]
