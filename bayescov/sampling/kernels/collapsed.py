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
from bayescov.sampling.kernels.shared import place_of_ratios, place_of_shift, shared_prior, unpack_factor


@inner
def log_density(position, grad, active, delta, coupling, data, prior, state):
    """Log density of a point given everything else (constants dropped); its gradient into `grad`.

    `active` (k, 3): group, row and column of what follows u in `position`, group by group; of a coupling: group, 0, 0.
    Departures and couplings are written into `delta` and `coupling`; `delta` says where to look for them first.
    Includes the Jacobian of the point. Minus infinity outside the support, NaN where the numbers broke down.
    """
    n_groups, p, m = state.scatter.shape[0], state.scatter.shape[1], position.shape[0] - active.shape[0]
    u, t = position[:m], np.empty((p, p))
    unpack_factor(u, p, t)
    t_inverse, c, covariance, d, log_d = covariance_of_controls(t, state.anchor)
    shared, shared_inverse, shared_logdet = correlation_of_controls(
        t, c, covariance, d, log_d, state.anchor_inverse
    )

    grad[:] = 0.0
    grad_shared, grad_log_d = np.empty((p, p)), np.zeros(p)
    value = shared_prior(shared_inverse, shared_logdet, prior.eta, prior.family, state.pull, grad_shared)
    last = 0
    for g in range(n_groups):
        first = last
        while last < active.shape[0] and active[last, 0] == g:
            last += 1
        value = add_group(
            value, g, u, log_d, shared, shared_inverse, shared_logdet, active[first:last], position[m + first : m + last],
            delta[g], coupling, data, prior, state, grad, grad[m + first : m + last], grad_shared, grad_log_d,
        )  # fmt: skip
        if not value > -1e300:
            return value
    value = add_prior_of_scales(value, u, log_d, n_groups, prior, grad, grad_log_d)
    return add_point(value, u, t, t_inverse, c, covariance, shared, d, grad_shared, grad_log_d, grad)


@inner
def covariance_of_controls(t, anchor):
    """T^-1, C = L T^-1, the controls' covariance CC', their SDs and the logs of these."""
    p = t.shape[0]
    t_inverse, d, log_d = np.empty((p, p)), np.empty(p), np.empty(p)
    invert_lower_into(t, t_inverse)
    c = product(anchor, t_inverse)
    covariance = product(c, transposed(c))
    for j in range(p):
        d[j] = math.sqrt(covariance[j, j])
        log_d[j] = math.log(d[j])
    return t_inverse, c, covariance, d, log_d


@inner
def correlation_of_controls(t, c, covariance, d, log_d, anchor_inverse):
    """R_0, its inverse and its log determinant."""
    p = t.shape[0]
    precision, shared, shared_inverse = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    gram_of_rows_into(product(t, anchor_inverse), precision)
    logdet = 0.0
    for i in range(p):
        own, smaller = d[i], 1.0 / d[i]
        for j in range(p):
            shared[i, j] = covariance[i, j] * smaller / d[j]
        for j in range(p):
            shared_inverse[i, j] = precision[i, j] * own * d[j]
        shared[i, i] = 1.0
        logdet += 2.0 * (math.log(c[i, i]) - log_d[i])
    return shared, shared_inverse, logdet


@inner
def add_group(
    value, g, u, log_d, shared, shared_inverse, shared_logdet, active, own, delta, coupling, data, prior, state, grad, grad_own,
    grad_shared, grad_log_d,
):  # fmt: skip
    """With what a group's people and the priors of its coupling and departures say; its slopes are added or, its own, set.

    `active`, `own` and `grad_own` are of what this group has on, its coupling first.
    """
    p, n, kappa = shared.shape[0], data.sizes[g], state.kappa[g]
    shifted = 1 if active.shape[0] > 0 and active[0, 1] == active[0, 2] else 0
    edges, zeta = active[shifted:], own[shifted:]
    if shifted == 1:
        coupling[g] = own[0]
    center, center_inverse = np.empty((p, p)), np.empty((p, p))
    total, total_inverse = np.empty((p, p)), np.empty((p, p))
    slope, work = np.empty((p, p)), np.empty((p, p))
    center_logdet = find_center(
        shared,
        shared_inverse,
        shared_logdet,
        coupling[g],
        state.attenuation[g],
        edges,
        zeta,
        data.unit,
        delta,
        center,
        center_inverse,
        slope,
        work,
    )
    if not center_logdet > -1e200:
        return -np.inf  # outside the support
    log_dg = log_scales(g, u, log_d, data.sizes.shape[0])
    add_people_into(center, state.scatter[g], log_dg, kappa, total)
    total_logdet = invert_spd_into(total, total_inverse, slope, work)
    if not total_logdet > -1e200:
        return np.nan  # the numbers broke down
    # The density of S_g, Sigma_g integrated out; in the elements of R*_g and in log D_g.
    nu = kappa + p + 1.0
    value += 0.5 * nu * center_logdet - 0.5 * (nu + n) * total_logdet
    for j in range(p):
        value -= n * log_dg[j]
    a, b = 0.5 * nu, 0.5 * (nu + n)
    for i in range(p):
        for j in range(p):
            slope[i, j] = a * center_inverse[i, j] - b * total_inverse[i, j]
    slopes_of_scales(g, u, center, slope, data.sizes.shape[0], grad, grad_log_d)
    for i in range(p):
        slope[i, i] = 0.0
    if edges.shape[0] > 0:
        value += slopes_of_departures(
            edges, zeta, data.unit, state.size[g], delta, center, center_inverse, slope, grad_own[shifted:]
        )
    less = math.exp(-coupling[g])
    for i in range(p):
        for j in range(p):
            slope[i, j] *= less * (state.attenuation[g, i] * state.attenuation[g, j])
            grad_shared[i, j] += slope[i, j]
    if shifted == 1:
        along_coupling = 0.0
        for i in range(p):
            for j in range(p):
                along_coupling += slope[i, j] * (1.0 - shared[i, j])
        z = coupling[g] / prior.coupling_scale
        value -= 0.5 * z * z
        grad_own[0] = along_coupling - z / prior.coupling_scale
    return value


@inner
def log_scales(g, u, log_d, n_groups):
    """Log D_g, `log_d` that of the controls."""
    p = log_d.shape[0]
    shift, found = place_of_shift(g, n_groups, p), log_d.copy()
    if g > 0:
        for j in range(p):
            found[j] += u[shift] + u[shift + n_groups - 1] * u[place_of_ratios(g, p) + j]
    return found


@inner
def add_people_into(center, scatter, log_dg, kappa, total):
    """R*_g + D_g^-1 S_g D_g^-1 / kappa."""
    p = center.shape[0]
    inverse = np.empty(p)
    for j in range(p):
        inverse[j] = math.exp(-log_dg[j])
    for i in range(p):
        smaller = inverse[i] / kappa
        for j in range(p):
            total[i, j] = scatter[i, j] * smaller * inverse[j] + center[i, j]


@inner
def slopes_of_scales(g, u, center, slope, n_groups, grad, grad_log_d):
    """Add the slopes along log D_c and along what takes it to log D_g, from those along the elements of R*_g."""
    p = center.shape[0]
    shift, first = place_of_shift(g, n_groups, p), place_of_ratios(g, p)
    for i in range(p):
        row = 0.0
        for j in range(p):
            row += slope[i, j] * center[i, j]
        of_scale = 2.0 * row  # of 1/2 nu log|S*| - 1/2 (nu + n) log|S* + S / kappa|, S* = D R* D
        grad_log_d[i] += of_scale
        if g > 0:
            grad[first + i] += of_scale * u[shift + n_groups - 1]
            grad[shift] += of_scale
            grad[shift + n_groups - 1] += of_scale * u[first + i]


@inner
def add_prior_of_scales(value, u, log_d, n_groups, prior, grad, grad_log_d):
    """With the priors of the SDs; their slopes are added."""
    p = log_d.shape[0]
    for j in range(p):
        z = log_d[j] / prior.control_sd
        value -= 0.5 * z * z
        grad_log_d[j] -= z / prior.control_sd
    for g in range(1, n_groups):
        shift, first = place_of_shift(g, n_groups, p), place_of_ratios(g, p)
        for j in range(first, first + p):
            value -= 0.5 * u[j] * u[j]
            grad[j] -= u[j]
        z = u[shift] / prior.ratio_shift_sd
        value -= 0.5 * z * z
        grad[shift] -= z / prior.ratio_shift_sd
        z = u[shift + n_groups - 1] / prior.ratio_spread_scale
        value -= 0.5 * z * z
        grad[shift + n_groups - 1] -= z / prior.ratio_spread_scale
    return value


@inner
def add_point(value, u, t, t_inverse, c, covariance, shared, d, grad_shared, grad_log_d, grad):
    """With the Jacobian of (R_0, log D_c) by T; slopes along the two become slopes along T, in `grad`."""
    p = t.shape[0]
    # From (R_0, log D_c) to the covariance M = D_c R_0 D_c: |dM / d(R_0, log D_c)| = 2^p prod D^(p+1).
    for j in range(p):
        value -= (p + 1.0) * math.log(d[j])
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
