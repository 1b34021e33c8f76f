r"""The coupling c_g: a shift of all correlations of one patient group, with Sigma_g integrated out.

Zero and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings; the cells are fine around zero, where a coupling comes and goes while everything else stays, and a
coupling that is there moves along with everything else in the trajectories of `hmc`. With w = tanh(c) this is done in one
of two coordinates: with R_0 held, or with M held, the average of all groups' starting points weighted by their people.
M = a R_0 + b above the diagonal, so a new c takes R_0 to (M - b') / a', and a group's correlations move while the others
give way; R_0 = (M - b) / a has Jacobian a^-edges.
One more factor makes all that it does not explain smaller by 1 - w, so the group's SDs give way too: m_g moves by
-log(1 - w) / 2 where w > 0 (a shift, Jacobian one).
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.linalg import copy_all_into, copy_into
from bayescov.sampling.kernels.scalars import draw_category
from bayescov.sampling.kernels.shared import centers_density, departed, group_density

CELLS = 20
REACH = 3.2  # the grid ends at so many prior SDs; beyond, only the trajectories move
FINENESS = 4.0  # cells at the end of the grid are cosh(FINENESS) times as wide as those around zero


@inner
def cell_edge(k):
    """Where cell `k` begins and the one before ends, in prior SDs."""
    return REACH * math.sinh(FINENESS * (2.0 * k / CELLS - 1.0)) / math.sinh(FINENESS)


@inner
def cell_of(x):
    """The cell that holds a value in prior SDs; below 0 or from `CELLS` on where none does."""
    return math.floor((math.asinh(x * math.sinh(FINENESS) / REACH) / FINENESS + 1.0) * CELLS / 2.0)


@inner
def average_of(coupling, sizes):
    """(a, b) of the average starting point, a R_0 + b."""
    a, b = 0.0, 0.0
    for g in range(sizes.shape[0]):
        w = math.tanh(coupling[g])
        a += sizes[g] * (1.0 - abs(w))
        b += sizes[g] * max(w, 0.0)
    total = sizes.sum()
    return a / total, b / total


@inner
def spread_for(coupling):
    """By how much the logarithms of a group's SDs give way."""
    return -0.5 * math.log1p(-max(math.tanh(coupling), 0.0))


@part
def move_coupling(
    new, group, hold_average, shared, center, scaled, shift, shift_sd, kappa, sizes, coupling, delta, eta, family, pull,
    new_shared, new_center, new_scaled,
):  # fmt: skip
    """Log density (prior of c and constants apart) at c_g = `new`; what moves with it into `new_...`."""
    n_groups, p = center.shape[0], center.shape[1]
    old = coupling[group]
    a, b = average_of(coupling, sizes)
    coupling[group] = new
    a_new, b_new = average_of(coupling, sizes)
    step = spread_for(new) - spread_for(old)
    value = -sizes[group] * p * step - 0.5 * ((shift + step) / shift_sd) ** 2
    copy_all_into(scaled, new_scaled)
    smaller = math.exp(-2.0 * step)
    for i in range(p):
        for j in range(p):
            new_scaled[group, i, j] *= smaller
    if not hold_average:  # the other groups stay where they are, and so do their densities
        copy_into(shared, new_shared)
        copy_all_into(center, new_center)
        departed(shared, new, delta[group], new_center[group])
        coupling[group] = old
        total, work = np.empty((p, p)), np.empty((p, p))
        return value + group_density(
            new_center[group], new_scaled[group], kappa[group], sizes[group], total, work
        )
    value -= 0.5 * p * (p - 1) * math.log(a_new)
    for i in range(p):
        new_shared[i, i] = 1.0
        for j in range(i):
            r = (a * shared[i, j] + b - b_new) / a_new
            if abs(r) > 0.9999:
                coupling[group] = old
                return np.nan
            new_shared[i, j] = r
            new_shared[j, i] = r
    for g in range(n_groups):
        departed(new_shared, coupling[g], delta[g], new_center[g])
    coupling[group] = old
    return value + centers_density(new_shared, new_center, new_scaled, kappa, sizes, eta, family, pull)


@part
def draw_coupling(
    rng, group, hold_average, shared, center, scaled, shift, shift_sd, kappa, sizes, coupling, delta, eta, family, pull,
    share, scale,
):  # fmt: skip
    """Draw c_g; R_0, the centres and the scaled scatter move in place. By how much the group's log SDs did, beside it."""
    new_shared, new_center, new_scaled = np.empty_like(shared), np.empty_like(center), np.empty_like(scaled)
    weights = np.empty(CELLS + 1)
    log_on = math.log(share) - math.log(scale) - 0.9189385332046727
    current = coupling[group]
    # The cells, zero, the current value, the value proposed from the cells: the density is called in one place only, so
    # that its code is compiled in once.
    chosen, at_current, proposed_from = CELLS, 0.0, 0.0
    for c in range(CELLS + 3):
        if c < CELLS:
            x = 0.5 * scale * (cell_edge(c) + cell_edge(c + 1))
        elif c == CELLS:
            x = 0.0
            if share >= 1.0:
                weights[c] = -np.inf
                continue
        elif c == CELLS + 1:
            x = current
        else:
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen == CELLS and current == 0.0:
                return 0.0
            x = 0.0
            if chosen < CELLS:
                x = scale * (cell_edge(chosen) + rng.random() * (cell_edge(chosen + 1) - cell_edge(chosen)))
        value = move_coupling(
            x, group, hold_average, shared, center, scaled, shift, shift_sd, kappa, sizes, coupling, delta, eta, family, pull,
            new_shared, new_center, new_scaled,
        )  # fmt: skip
        value += math.log1p(-share) if x == 0.0 else log_on - 0.5 * (x / scale) ** 2
        if not value > -1e300:
            value = -np.inf
        if c < CELLS:
            weights[c] = value + math.log(scale * (cell_edge(c + 1) - cell_edge(c)))
        elif c == CELLS:
            weights[c] = value
        elif c == CELLS + 1:
            at_current = value
            top = -np.inf
            for k in range(CELLS + 1):
                top = max(top, weights[k])
            for k in range(CELLS):  # every cell can be proposed
                weights[k] = max(weights[k], top - 25.0)
            proposed_from = log_proposal(weights, current / scale, scale)
        else:
            ratio = value - at_current + proposed_from - log_proposal(weights, x / scale, scale)
            if math.log(1.0 - rng.random()) < ratio:
                coupling[group] = x
                copy_into(new_shared, shared)
                copy_all_into(new_center, center)
                copy_all_into(new_scaled, scaled)
                return spread_for(x) - spread_for(current)
    return 0.0


@inner
def log_proposal(weights, x, scale):
    """Log density, up to a constant, with which the cells propose `x` prior SDs; zero has a weight of its own."""
    if x == 0.0:
        return weights[CELLS]
    k = cell_of(x)
    if not 0 <= k < CELLS:
        return -np.inf  # cannot be proposed
    return weights[k] - math.log(scale * (cell_edge(k + 1) - cell_edge(k)))
