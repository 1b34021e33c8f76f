"""The density of a trajectory's point, every Sigma_g integrated out, and its gradient.

A point is u, which says what R_0 and the SDs are (see `shared`), followed by the couplings that are not zero and the
departures there are, those in the coordinates of `mixed`.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import (
    gram_of_rows_into,
    invert_lower_into,
    invert_spd_into,
    product,
    transposed,
)
from bayescov.sampling.kernels.mixed import find_center, slopes_of_departures
from bayescov.sampling.kernels.shared import shared_prior, unpack_factor


@inner
def log_density(position, grad, active, delta, coupling, data, prior, state):
    """Log density of a point given everything else (constants dropped); its gradient into `grad`.

    `active` (k, 3): group, row and column of what follows u in `position`, group by group; of a coupling: group, 0, 0.
    Departures and couplings are written into `delta` and `coupling`; `delta` says where to look for them first.
    Includes the Jacobian of the point. Minus infinity outside the support, NaN where the numbers broke down.
    """
    scatter, kappa = state.scatter, state.kappa
    n_groups, p, m = scatter.shape[0], scatter.shape[1], position.shape[0] - active.shape[0]
    u = position[:m]
    t = np.empty((p, p))
    k = unpack_factor(u, p, t)
    t_inverse = np.empty((p, p))
    invert_lower_into(t, t_inverse)
    c = product(state.anchor, t_inverse)
    covariance = product(c, transposed(c))
    v = product(t, state.anchor_inverse)
    precision = np.empty((p, p))
    gram_of_rows_into(v, precision)
    d = np.empty(p)
    log_d = np.empty(p)
    for j in range(p):
        d[j] = math.sqrt(covariance[j, j])
        log_d[j] = math.log(d[j])
    shared = np.empty((p, p))
    shared_inverse = np.empty((p, p))
    for i in range(p):
        own, smaller = d[i], 1.0 / d[i]
        for j in range(p):
            shared[i, j] = covariance[i, j] * smaller / d[j]
        for j in range(p):
            shared_inverse[i, j] = precision[i, j] * own * d[j]
        shared[i, i] = 1.0
    shared_logdet = 0.0
    for j in range(p):
        shared_logdet += 2.0 * (math.log(c[j, j]) - log_d[j])

    grad[:] = 0.0
    grad_shared = np.empty((p, p))
    value = shared_prior(shared_inverse, shared_logdet, prior.eta, prior.family, state.pull, grad_shared)
    grad_log_d = np.zeros(p)
    center = np.empty((p, p))
    center_inverse = np.empty((p, p))
    total = np.empty((p, p))
    total_inverse = np.empty((p, p))
    work = np.empty((p, p))
    work2 = np.empty((p, p))
    log_dg = np.empty(p)
    tail, last = k + (n_groups - 1) * p, 0
    for g in range(n_groups):
        size = 0.0
        shift = 0.0
        if g > 0:
            shift = u[tail + g - 1]
            size = u[tail + n_groups - 1 + g - 1]
        for j in range(p):
            log_dg[j] = log_d[j]
            if g > 0:
                log_dg[j] += shift + size * u[k + (g - 1) * p + j]
            work[0, j] = math.exp(-log_dg[j])
        for i in range(p):
            smaller = work[0, i] / kappa[g]
            for j in range(p):
                total[i, j] = scatter[g, i, j] * smaller * work[0, j]
        first = last
        if first < active.shape[0] and active[first, 0] == g and active[first, 1] == active[first, 2]:
            coupling[g] = position[m + first]
            first += 1
        last = first
        while last < active.shape[0] and active[last, 0] == g:
            last += 1
        edges, zeta = active[first:last], position[m + first : m + last]
        center_logdet = find_center(
            shared, shared_inverse, shared_logdet, coupling[g], edges, zeta, data.unit, delta[g], center, center_inverse, work,
            work2,
        )  # fmt: skip
        if not center_logdet > -1e200:
            return -np.inf  # outside the support
        for i in range(p):
            for j in range(p):
                total[i, j] += center[i, j]
        total_logdet = invert_spd_into(total, total_inverse, work, work2)
        if not total_logdet > -1e200:
            return np.nan  # the numbers broke down
        nu = kappa[g] + p + 1.0
        n = data.sizes[g]
        value += 0.5 * nu * center_logdet - 0.5 * (nu + n) * total_logdet
        for j in range(p):
            value -= n * log_dg[j]
        a = 0.5 * nu
        b = 0.5 * (nu + n)
        for i in range(p):
            for j in range(p):
                work[i, j] = a * center_inverse[i, j] - b * total_inverse[i, j]
        for i in range(p):
            row = 0.0
            for j in range(p):
                row += work[i, j] * center[i, j]
            slope = 2.0 * row  # d/d log D of 1/2 nu log|S*| - 1/2 (nu + n) log|S* + S / kappa|, S* = D R* D
            grad_log_d[i] += slope
            if g > 0:
                e = u[k + (g - 1) * p + i]
                grad[k + (g - 1) * p + i] += slope * size
                grad[tail + g - 1] += slope
                grad[tail + n_groups - 1 + g - 1] += slope * e
            work[i, i] = 0.0
        if last > first:
            value += slopes_of_departures(
                edges, zeta, data.unit, state.size[g], delta[g], center, center_inverse, work, grad[m + first : m + last]
            )  # fmt: skip
        slope_coupled, along_coupling = math.exp(-coupling[g]), 0.0
        for i in range(p):
            for j in range(p):
                grad_shared[i, j] += work[i, j] * slope_coupled
        if coupling[g] != 0.0:
            for i in range(p):
                for j in range(p):
                    along_coupling += work[i, j] * slope_coupled * (1.0 - shared[i, j])
            z = coupling[g] / prior.coupling_scale
            value -= 0.5 * z * z
            grad[m + first - 1] = along_coupling - z / prior.coupling_scale
    # Priors of the SDs.
    for j in range(p):
        z = log_d[j] / prior.control_sd
        value -= 0.5 * z * z
        grad_log_d[j] -= z / prior.control_sd
    for g in range(1, n_groups):
        for j in range(p):
            e = u[k + (g - 1) * p + j]
            value -= 0.5 * e * e
            grad[k + (g - 1) * p + j] -= e
        z = u[tail + g - 1] / prior.ratio_shift_sd
        value -= 0.5 * z * z
        grad[tail + g - 1] -= z / prior.ratio_shift_sd
        z = u[tail + n_groups - 1 + g - 1] / prior.ratio_spread_scale
        value -= 0.5 * z * z
        grad[tail + n_groups - 1 + g - 1] -= z / prior.ratio_spread_scale
    # From (R_0, log D_c) to the covariance M = D_c R_0 D_c: |dM / d(R_0, log D_c)| = 2^p prod D^(p+1).
    for j in range(p):
        value -= (p + 1.0) * log_d[j]
        grad_log_d[j] -= p + 1.0
    grad_m = np.empty((p, p))
    for i in range(p):
        row = 0.0
        for j in range(p):
            if i != j:
                row += grad_shared[i, j] * shared[i, j]
                grad_m[i, j] = grad_shared[i, j] / (d[i] * d[j])
        grad_m[i, i] = (0.5 * grad_log_d[i] - row) / covariance[i, i]
    # From M to T through the precision V'V, V = T L^-1: |dM| = |M|^(p+1) 2^p prod V_jj^j |dV|.
    grad_t = product(product(transposed(c), product(grad_m, c)), transposed(t_inverse))
    index = 0
    for i in range(p):
        for j in range(i):
            grad[index] = -2.0 * grad_t[i, j]
            index += 1
        log_t = u[index]
        power = (i + 1.0) - 2.0 * (p + 1.0) + 1.0
        value += power * log_t
        grad[index] = -2.0 * grad_t[i, i] * t[i, i] + power
        index += 1
    return value
