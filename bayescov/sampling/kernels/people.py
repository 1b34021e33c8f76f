"""What is drawn person by person: weights of the Student-t likelihood and missing volumes."""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import part
from bayescov.sampling.kernels.linalg import cholesky_into, solve_lower, solve_lower_transposed
from bayescov.sampling.kernels.scalars import draw_dof


@part
def draw_weights(rng, residuals, codes, omega, weight, dof, dof_shape, dof_rate):
    """w_i | rest ~ Gamma((nu + p) / 2, (nu + r' Omega r) / 2); then nu | w. Returns nu."""
    n, p = residuals.shape
    total = 0.0
    for s in range(n):
        g = codes[s]
        distance = 0.0
        for i in range(p):
            inner = 0.0
            for j in range(p):
                inner += omega[g, i, j] * residuals[s, j]
            distance += residuals[s, i] * inner
        weight[s] = rng.standard_gamma(0.5 * (dof + p)) / (0.5 * (dof + distance))
        total += math.log(weight[s]) - weight[s]
    return draw_dof(rng, dof, float(n), total, dof_shape, dof_rate)


@part
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
