r"""The attenuation a_gi: a region of a patient group that keeps a share of all its correlations, with Sigma_g integrated out.

One (nothing is lost) and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings; R_0 is held (`loosening` is for where it has to go along). The region's departures are held on Fisher's scale, or
the correlations themselves that depart are (`holding`), and the departures make up for what is lost: the density of a departure in
terms of its correlation r is that of the departure over 1 - r^2, which does not move, so that the Jacobian is one.

Only row i of the group's centre moves. Where no edge departs it goes from v to x v, with the data to x v + (1 - x) c, x being what is
kept over what was kept, c the row of the data; so all determinants along the way come from the quadratic forms of these two vectors
and of single elements (`rows`), and the whole range costs little more than one place of it.
"""

import math
from collections import namedtuple

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.edges import element_of
from bayescov.sampling.kernels.rows import VECTORS, add_image, form_at, move_row, present_image
from bayescov.sampling.kernels.scalars import draw_category, raise_cells
from bayescov.sampling.kernels.shared import fisher_sum, start_of

CELLS = 8
STEPS = CELLS + 3  # see `kept_at`
LEAST_KEPT = 1e-6  # what is kept is divided by; one in a million of the range
DATA = 1  # place of the data's among a row's vectors, the row from before being the first

Forms = namedtuple("Forms", ["image", "gram", "diagonal", "own", "weight", "z"])


@inner
def draw_attenuation(rng, g, i, holding, inverse, forms, data, prior, state):
    """Draw what region i of a group keeps; whether it moved. `holding`: see above.

    `inverse` (2, p, p): of the group's centre, and of the centre with the data; they follow.
    """
    weights, current, ratio = np.empty(CELLS + 1), state.attenuation[g, i], 0.0
    a, n_own, chosen = current, look_up_row(g, i, inverse, forms, state), weights.shape[0] - 1
    for step in range(STEPS):  # the density is called in one place only, so that its code is compiled in once
        a, chosen = kept_at(rng, step, chosen, current, weights)
        if step > CELLS and chosen == CELLS and current == 1.0:
            return False
        density = row_density(a, g, i, n_own, holding, inverse, forms, data, prior, state)
        if holding:  # not in there, where it costs a fifth of a sweep of 14 regions: too much for the compiler to write out
            density += slab_of_held(a, g, i, n_own, forms, state)
        ratio += weighed(step, a, density, weights)
    if not math.log(1.0 - rng.random()) < ratio:
        return False
    move_region(a, g, i, n_own, holding, inverse, forms, state)
    return True


@inner
def kept_at(rng, step, chosen, current, weights):
    """What is kept where the density is asked for, and the cell: the middle of each, one, what there is, what is proposed from a cell."""
    if step < CELLS:
        return (step + 0.5) / CELLS, step
    if step == CELLS:
        return 1.0, CELLS
    if step == CELLS + 1:
        raise_cells(weights, weights.shape[0] - 1)
        chosen, _ = draw_category(rng, weights, CELLS + 1)
        return current, chosen
    return 1.0 if chosen == CELLS else (chosen + rng.random()) / CELLS, chosen


@inner
def weighed(step, a, density, weights):
    """The weight of a cell into `weights`; of what there is and of what is proposed, the part of the log acceptance ratio."""
    if not density > -1e300:
        density = -np.inf
    if step <= CELLS:
        weights[step] = density - (math.log(CELLS) if step < CELLS else 0.0)
        return 0.0
    chance = weights[CELLS]
    if a < 1.0:
        chance = weights[min(int(a * CELLS), CELLS - 1)] + math.log(CELLS)
    return chance - density if step == CELLS + 1 else density - chance


@inner
def empty_forms(p):
    """Room for what the density needs of a row of the centre, and of the centre with the data.

    `image` (2, 2, p) and `gram` (2, 2, 2): see `rows`; `diagonal` (2,): the element at (i, i); `own` (p,): the regions whose edge with
    this one departs; `weight` (2,) and `z` (p,): how the row is put together.
    """
    return Forms(
        np.zeros((2, VECTORS, p)), np.zeros((2, VECTORS, VECTORS)), np.ones(2), np.empty(p, np.int64), np.empty(VECTORS), np.empty(p)
    )  # fmt: skip


@inner
def look_up_row(g, i, inverse, forms, state):
    """What the density needs of row i, into `forms`; returns how many of its edges depart."""
    p, n_own, of_data = state.center.shape[1], 0, np.empty(state.center.shape[1])
    for j in range(p):
        of_data[j] = state.scaled[g, i, j] / state.kappa[g]
        if j != i and state.delta[g, i, j] != 0.0:
            forms.own[n_own] = j
            n_own += 1
    forms.diagonal[1] = 1.0 + of_data[i]
    of_data[i] = 0.0
    for m in range(2):
        present_image(inverse[m], i, forms.diagonal[m], forms.image[m], forms.gram[m])
    add_image(inverse[1], i, of_data, DATA, forms.image[1], forms.gram[1])
    return n_own


@inner
def log_prior(a, prior):
    """Log prior density of what a region keeps; of the spike its log chance."""
    if a == 1.0:
        return math.log1p(-prior.attenuation_share)
    shape = prior.attenuation_shape
    return math.log(prior.attenuation_share * shape) + (shape - 1.0) * math.log1p(-a)


@inner
def row_density(a, g, i, n_own, holding, inverse, forms, data, prior, state):
    """Log density where region i of a group keeps `a`, up to what does not move, departures apart; -inf outside. See `look_up_row`."""
    if a < LEAST_KEPT:
        return -np.inf
    put_together(a, g, i, n_own, holding, forms, state)
    value, nu = log_prior(a, prior), state.kappa[g] + state.center.shape[1] + 1.0
    for m in range(2):
        left = what_is_left(m, i, n_own, inverse, forms)
        if not left > 1e-12:
            return -np.inf
        value += 0.5 * math.log(left) * (nu if m == 0 else -(nu + data.sizes[g]))
    return value


@inner
def put_together(a, g, i, n_own, holding, forms, state):
    """How the row is put together where `a` is kept: `weight` (2,) of the vectors, `z` of the elements that depart, held or not."""
    weight = a / state.attenuation[g, i]
    forms.weight[0], forms.weight[DATA] = weight, 1.0 - weight
    for k in range(n_own):
        j = forms.own[k]
        new = state.center[g, i, j]
        if not holding:
            start = start_of(state.shared[i, j], state.coupling[g], a * state.attenuation[g, j])
            new = fisher_sum(start, math.tanh(state.delta[g, i, j]))
        forms.z[k] = new - weight * state.center[g, i, j]


@inner
def what_is_left(m, i, n_own, inverse, forms):
    """The variance of region i given the others: of the centre (m = 0), or with the data (1)."""
    return forms.diagonal[m] - form_at(
        forms.weight, forms.own, n_own, forms.z, inverse[m], i, forms.image[m], forms.gram[m]
    )


@inner
def slab_of_held(a, g, i, n_own, forms, state):
    """Log prior density of the region's departures where their correlations are held, up to what does not move; -inf outside."""
    value = 0.0
    for k in range(n_own):
        delta = departure_held(a, g, i, forms.own[k], state)
        value -= 0.5 * (delta / state.size[g]) ** 2
    return value if value > -np.inf else -np.inf


@inner
def departure_held(a, g, i, j, state):
    """By what the edge departs where region i of the group keeps `a`, its correlation held; NaN where it cannot."""
    start = start_of(state.shared[i, j], state.coupling[g], a * state.attenuation[g, j])
    return math.atanh(state.center[g, i, j]) - (math.atanh(start) if abs(start) < 1.0 else np.nan)


@inner
def move_region(a, g, i, n_own, holding, inverse, forms, state):
    """Region i of a group keeps `a`: it, its departures, the centre and the inverses."""
    put_together(a, g, i, n_own, holding, forms, state)
    for m in range(2):
        left = what_is_left(m, i, n_own, inverse, forms)
        move_row(forms.weight, forms.own, n_own, forms.z, left, i, forms.image[m], inverse[m])
    state.attenuation[g, i] = a
    for j in range(state.center.shape[1]):
        if j != i:
            if holding and state.delta[g, i, j] != 0.0:
                delta = departure_held(a, g, i, j, state)
                state.delta[g, i, j] = state.delta[g, j, i] = delta
            value = element_of(state.shared[i, j], g, i, j, state)
            state.center[g, i, j] = state.center[g, j, i] = value
