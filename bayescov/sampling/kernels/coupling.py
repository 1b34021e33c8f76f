r"""The coupling c_g: a shift of all correlations of one patient group, with Sigma_g integrated out.

Zero and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings; the cells are fine around zero, where a coupling comes and goes while everything else stays, and a
coupling that is there moves along with everything else in the trajectories of `hmc`. This is done in one of two
coordinates: with R_0 held, or with M held, the average of all groups' starting points weighted by their people.
1 - M = a (1 - R_0) above the diagonal, a being the average of exp(-c), so a new c takes 1 - R_0 to (1 - M) / a', and a
group's correlations move while the others give way; the Jacobian is a^-edges.
One more factor makes all that it does not explain smaller by exp(-c), so the group's SDs give way too: m_g moves by
c / 2 (a shift, Jacobian one). Where the controls differ from all patients, one group's coupling
alone cannot come or go, so those of all patient groups are drawn together as well: the first from the grid, the others
around it.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import copy_all_into, copy_into
from bayescov.sampling.kernels.scalars import HALF_LOG_TWO_PI, draw_category, raise_cells
from bayescov.sampling.kernels.shared import centers_density, departed, group_density, place_of_shift

CELLS = 20
REACH = 3.2  # the grid ends at so many prior SDs; beyond, only the trajectories move
OWN_SHIFT = 0.05  # SD of the other groups' couplings around the first one's, where all are drawn together
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
    """a, where the average starting point is 1 - a (1 - R_0) above the diagonal."""
    a = 0.0
    for g in range(sizes.shape[0]):
        a += sizes[g] * math.exp(-coupling[g])
    return a / sizes.sum()


@inner
def spread_for(coupling):
    """By how much the logarithms of a group's SDs give way."""
    return 0.5 * coupling


@inner
def move_coupling(new, first, last, hold_average, data, prior, state, new_shared, new_center, new_scaled):
    """Log density at the couplings `new` of the groups from `first` to before `last`; what moves with it into `new_...`."""
    shared, center, scaled = state.shared, state.center, state.scaled
    coupling, delta, kappa, sizes = state.coupling, state.delta, state.kappa, data.sizes
    n_groups, p = center.shape[0], center.shape[1]
    value = 0.0
    copy_all_into(scaled, new_scaled)
    for g in range(first, last):
        if new[g] == 0.0:
            value += math.log1p(-prior.coupling_share)
        else:
            z = new[g] / prior.coupling_scale
            value += math.log(prior.coupling_share / prior.coupling_scale) - HALF_LOG_TWO_PI - 0.5 * z * z
        step = spread_for(new[g]) - spread_for(coupling[g])
        shift = state.u[place_of_shift(g, n_groups, p)] + step
        value -= sizes[g] * p * step + 0.5 * (shift / prior.ratio_shift_sd) ** 2
        smaller = math.exp(-2.0 * step)
        for i in range(p):
            for j in range(p):
                new_scaled[g, i, j] *= smaller
    if not hold_average:  # the other groups stay where they are, and so do their densities
        copy_into(shared, new_shared)
        copy_all_into(center, new_center)
        total, work = np.empty((p, p)), np.empty((p, p))
        for g in range(first, last):
            departed(shared, new[g], state.attenuation[g], delta[g], new_center[g])
            value += group_density(new_center[g], new_scaled[g], kappa[g], sizes[g], total, work)
        return value
    a = average_of(coupling, sizes)
    a_new = average_of(new, sizes)
    value -= 0.5 * p * (p - 1) * math.log(a_new)
    for i in range(p):
        new_shared[i, i] = 1.0
        for j in range(i):
            r = 1.0 - (1.0 - shared[i, j]) * a / a_new
            if abs(r) > 0.9999:
                return np.nan
            new_shared[i, j] = r
            new_shared[j, i] = r
    for g in range(n_groups):
        departed(new_shared, new[g], state.attenuation[g], delta[g], new_center[g])
    return value + centers_density(
        new_shared, new_center, new_scaled, kappa, sizes, prior.eta, prior.family, state.pull
    )


@inner
def draw_coupling(rng, first, last, hold_average, data, prior, state):
    """Draw the couplings of the groups from `first` to before `last`; several together if none is zero or all are.

    R_0, the centres, the groups' SDs and the scaled scatter move in place, and u but for R_0. Whether they moved.
    """
    scale, current, new = prior.coupling_scale, state.coupling.copy(), state.coupling.copy()
    for g in range(first, last):
        if (current[g] == 0.0) != (current[first] == 0.0):
            return False
    new_shared, new_center = np.empty_like(state.shared), np.empty_like(state.center)
    new_scaled = np.empty_like(state.scaled)
    weights = np.empty(CELLS + 1)
    # The cells, zero, the current values, those proposed from the cells: the density is called in one place only, so that
    # its code is compiled in once.
    at_current, proposed_from = 0.0, 0.0
    for c in range(CELLS + 3):
        own_shift, x = 0.0, 0.0
        if c < CELLS:
            x = 0.5 * scale * (cell_edge(c) + cell_edge(c + 1))
        elif c == CELLS and prior.coupling_share >= 1.0:
            weights[c] = -np.inf
            continue
        elif c == CELLS + 2:
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen < CELLS:
                own_shift = OWN_SHIFT
                x = scale * (cell_edge(chosen) + rng.random() * (cell_edge(chosen + 1) - cell_edge(chosen)))
            elif current[first] == 0.0:
                return False
        for g in range(first, last):
            new[g] = current[g] if c == CELLS + 1 else x
            if g > first and own_shift > 0.0:
                new[g] += own_shift * rng.standard_normal()
        value = move_coupling(
            new, first, last, hold_average, data, prior, state, new_shared, new_center, new_scaled
        )
        if not value > -1e300:
            value = -np.inf
        if c < CELLS:
            wide = math.log(OWN_SHIFT) + HALF_LOG_TWO_PI
            weights[c] = (
                value + math.log(scale * (cell_edge(c + 1) - cell_edge(c))) + (last - first - 1) * wide
            )
        elif c == CELLS:
            weights[c] = value
        elif c == CELLS + 1:
            at_current = value
            raise_cells(weights, weights.shape[0] - 1)
            proposed_from = log_proposal(weights, current, first, last, scale)
        else:
            ratio = value - at_current + proposed_from - log_proposal(weights, new, first, last, scale)
            if math.log(1.0 - rng.random()) < ratio:
                n_groups, p = state.log_d.shape
                for g in range(first, last):
                    step = spread_for(new[g]) - spread_for(current[g])
                    state.u[place_of_shift(g, n_groups, p)] += step
                    for j in range(p):
                        state.log_d[g, j] += step
                    state.coupling[g] = new[g]
                copy_into(new_shared, state.shared)
                copy_all_into(new_center, state.center)
                copy_all_into(new_scaled, state.scaled)
                return True
    return False


@inner
def log_proposal(weights, coupling, first, last, scale):
    """Log density, up to a constant, with which the couplings are proposed from the cells; zero has a weight of its own."""
    x = coupling[first]
    if x == 0.0:
        return weights[CELLS]
    k = cell_of(x / scale)
    if not 0 <= k < CELLS:
        return -np.inf  # cannot be proposed
    value = weights[k] - math.log(scale * (cell_edge(k + 1) - cell_edge(k)))
    for g in range(first + 1, last):
        z = (coupling[g] - x) / OWN_SHIFT
        value -= 0.5 * z * z + math.log(OWN_SHIFT) + HALF_LOG_TWO_PI
    return value
