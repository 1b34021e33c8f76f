r"""The attenuation a_gi: a region of a patient group that keeps a share of all its correlations, with Sigma_g integrated out.

One (nothing is lost) and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings. R_0 is held, or gives way: the group then has less say in its row i, which moves along two directions
(`yielding`) that know neither the row nor what is kept, so that the Jacobian is one. The region's departures are held on Fisher's
scale, or the correlations themselves that depart are (`holding`), and the departures make up for what is lost: the density of a
departure in terms of its correlation r is that of the departure over 1 - r^2, which does not move, so that this Jacobian is one too.

Only row i of any matrix moves (`forms`), so that the whole range costs little more than one place of it.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.edges import element_of
from bayescov.sampling.kernels.forms import (
    DATA,
    element_in_shared,
    look_up_rows,
    moves,
    weights_in_group,
    weights_in_shared,
    what_is_left,
)
from bayescov.sampling.kernels.rows import VECTORS, move_row, quadratic
from bayescov.sampling.kernels.scalars import draw_category, raise_cells
from bayescov.sampling.kernels.shared import COMMON, LKJ, start_of

CELLS = 8
LEAST_KEPT = 1e-6  # what is kept is divided by; one in a million of the range


@inner
def draw_attenuation(rng, g, i, giving, holding, without, between, inverse, forms, data, prior, state):
    """Draw what region i of a group keeps; whether it moved. `giving`: R_0 gives way, and u does not; `holding`: see above.

    `inverse` (1 + 2 G, p, p): of R_0, of the centres, and of the centres with the data, as `invert_all` finds them; they follow.
    `without` and `between`: see `invert_say`.
    """
    cell = 1.0 / CELLS
    weights = np.empty(CELLS + 1)
    current, chosen, a, ratio = state.attenuation[g, i], CELLS, 1.0, 0.0
    left = look_up_rows(g, i, giving, without, between, inverse, forms, data, prior, state)
    # The cells, one, the current value, that proposed from a cell: the density is called in one place only, so that its code is
    # compiled in once.
    for c in range(CELLS + 3):
        if c < CELLS:
            a = (c + 0.5) * cell
        elif c == CELLS:
            a = 1.0
        elif c == CELLS + 1:
            raise_cells(weights, weights.shape[0] - 1)
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen == CELLS and current == 1.0:
                return False
            a = current
        else:
            a = 1.0 if chosen == CELLS else (chosen + rng.random()) * cell
        density = row_density(a, g, i, giving, holding, left, inverse, forms, data, prior, state)
        if holding:  # not in there, where it costs a fifth of a sweep of 14 regions: too much for the compiler to write out
            density += slab_of_held(a, g, i, forms.in_shared, forms, state)
        if not density > -1e300:
            density = -np.inf
        if c < CELLS:
            weights[c] = density + math.log(cell)
        elif c == CELLS:
            weights[c] = density
        elif c == CELLS + 1:
            ratio = log_chance(current, weights, cell) - density
        else:
            ratio += density - log_chance(a, weights, cell)
    if not math.log(1.0 - rng.random()) < ratio:
        return False
    move_rows(a, g, i, giving, holding, left, inverse, forms, prior, state)
    return True


@inner
def log_chance(a, weights, cell):
    """Log density, up to a constant, with which `a` is proposed."""
    if a == 1.0:
        return weights[CELLS]
    return weights[min(int(a / cell), CELLS - 1)] - math.log(cell)


@inner
def row_density(a, g, i, giving, holding, left, inverse, forms, data, prior, state):
    """Log density where region i of a group keeps `a`, up to what does not move, departures apart; -inf outside. See `look_up_rows`."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    if a < LEAST_KEPT:
        return -np.inf
    value = math.log1p(-prior.attenuation_share)
    if a < 1.0:
        shape = prior.attenuation_shape
        value = math.log(prior.attenuation_share * shape) + (shape - 1.0) * math.log1p(-a)
    in_shared, weight, z = forms.in_shared, forms.weight, forms.z
    weights_in_shared(a, g, i, giving, left, state, in_shared)
    if giving:
        value += shared_prior_of_row(in_shared, i, inverse[0], forms, prior.eta, prior.family)
    for h in range(n_groups):
        if not moves(h, g, giving):
            continue
        weights_in_group(a, g, h, i, holding, in_shared, forms, state, weight, z)
        first = what_is_left(1 + h, weight, z, i, inverse, forms, state)
        second = what_is_left(1 + n_groups + h, weight, z, i, inverse, forms, state)
        if not (first > 1e-12 and second > 1e-12):
            return -np.inf
        nu = state.kappa[h] + p + 1.0
        value += 0.5 * nu * math.log(first) - 0.5 * (nu + data.sizes[h]) * math.log(second)
    return value


@inner
def slab_of_held(a, g, i, in_shared, forms, state):
    """Log prior density of the region's departures where their correlations are held, up to what does not move; -inf outside."""
    value = 0.0
    for k in range(forms.n_own[g]):
        j = forms.own[g, k]
        delta = departure_held(a, g, i, j, element_in_shared(in_shared, i, j, forms, state), state)
        value -= 0.5 * (delta / state.size[g]) ** 2
    return value if value > -np.inf else -np.inf


@inner
def departure_held(a, g, i, j, r, state):
    """By what the edge departs where R_0 has r and region i of the group keeps `a`, its correlation held; NaN where it cannot."""
    start = start_of(r, state.coupling[g], a * state.attenuation[g, j])
    return math.atanh(state.center[g, i, j]) - (math.atanh(start) if abs(start) < 1.0 else np.nan)


@inner
def shared_prior_of_row(weight, i, inverse, forms, eta, family):
    """Log prior density of R_0, up to what does not move; see `bayescov.sampling.kernels.shared.shared_prior`. -inf outside."""
    p, left, image = inverse.shape[0], 1.0 - quadratic(weight, forms.gram[0]), forms.image[0]
    if not left > 1e-12:
        return -np.inf
    if family == LKJ:
        return (eta - 1.0) * math.log(left)
    nu = p - 1.0 + 2.0 * eta
    value = -0.5 * (nu + p + 1.0) * math.log(left)
    if family == COMMON:
        growth = growth_of_scale(left, forms)
        weight[DATA] = growth  # of what stands there for R_0, -1 at i
        value += nu * math.log(growth) - 0.5 * quadratic(weight, forms.pulled) / left
        weight[DATA] = 0.0
        return value
    value += 0.5 * nu * math.log(left)
    for j in range(p):
        if j != i:
            rest, w = inverse[j, j] - inverse[i, j] ** 2 / inverse[i, i], 0.0
            for k in range(VECTORS):
                w += weight[k] * image[k, j]
            value -= 0.5 * nu * math.log(rest + w * w / left)
    return value


@inner
def growth_of_scale(left, forms):
    """By what t_i is multiplied that R_0's prior has for the region (`level`); of density t^nu on the log scale.

    So that t_i^2 (R_0^-1)_ii stays, which is nearly all that it is known from, and to one part in sqrt(2 nu).
    """
    return math.sqrt(left / (1.0 - forms.gram[0, 0, 0]))


@inner
def move_rows(a, g, i, giving, holding, left, inverse, forms, prior, state):
    """Region i of a group keeps `a`: it, R_0, the centres and the inverses."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    in_shared, weight, z = forms.in_shared, forms.weight, forms.z
    weights_in_shared(a, g, i, giving, left, state, in_shared)
    for m in range(1 + 2 * n_groups):  # one loop, so that the code for a row is compiled in once
        h, n_own, variance = (m - 1) % n_groups, 0, 1.0
        if m == 0:
            if not giving:
                continue
            variance -= quadratic(in_shared, forms.gram[0])
            for k in range(VECTORS):
                weight[k] = in_shared[k]
        else:
            if not moves(h, g, giving):
                continue
            weights_in_group(a, g, h, i, holding, in_shared, forms, state, weight, z)
            variance = what_is_left(m, weight, z, i, inverse, forms, state)
            n_own = forms.n_own[h]
        move_row(weight, forms.own[h], n_own, z, variance, i, forms.image[m], inverse[m])
        if m == 0 and prior.family == COMMON:
            growth = growth_of_scale(variance, forms)
            state.scale[i] *= growth
            for j in range(p):
                state.pull[i, j] *= growth
                state.pull[j, i] *= growth
    state.attenuation[g, i] = a
    for j in range(p):
        if j != i:
            state.shared[i, j] = state.shared[j, i] = element_in_shared(in_shared, i, j, forms, state)
            if holding and state.delta[g, i, j] != 0.0:
                delta = departure_held(a, g, i, j, state.shared[i, j], state)
                state.delta[g, i, j] = state.delta[g, j, i] = delta
            for h in range(n_groups):
                if moves(h, g, giving):
                    value = element_of(state.shared[i, j], h, i, j, state)
                    state.center[h, i, j] = state.center[h, j, i] = value
