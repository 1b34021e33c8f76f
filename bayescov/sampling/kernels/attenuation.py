r"""The attenuation a_gi: a region of a patient group that keeps a share of all its correlations, with Sigma_g integrated out.

One (nothing is lost) and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings, departures held on Fisher's scale. R_0 is held, or gives way: the group then has less say in its row i, which
moves along two directions (`yielding`) that know neither the row nor what is kept, so that the Jacobian is one.

Only row i of any matrix moves (`rows`), where no edge departs to

    x v + (1 - x) c + kept (y_1 r_1 + y_2 r_2)

v being the row from before, c that of the data (none in the centre itself), r_1 and r_2 the directions, as the group's other regions and
its coupling have them, x what is kept over what was kept; so the whole range costs little more than one place of it.
"""

import math
from collections import namedtuple

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.edges import element_of
from bayescov.sampling.kernels.rows import (
    VECTORS,
    add_common,
    add_image,
    form_at,
    move_row,
    present_image,
    times,
)
from bayescov.sampling.kernels.scalars import draw_category, raise_cells
from bayescov.sampling.kernels.shared import COMMON, LKJ, fisher_sum, start_of
from bayescov.sampling.kernels.yielding import directions, say_of

CELLS = 8
DATA, DIRECTIONS = 1, 2  # places of the data's row and of the first direction among a row's vectors
LEAST_KEPT = 1e-6  # what is kept is divided by; one in a million of the range

Forms = namedtuple("Forms", ["image", "gram", "pulled", "rows", "own", "n_own", "in_shared", "weight", "z"])


@part
def draw_attenuation(rng, g, i, giving, without, between, inverse, forms, data, prior, state):
    """Draw what region i of a group keeps; whether it moved. `giving`: R_0 gives way, and u does not.

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
        density = row_density(a, g, i, giving, left, inverse, forms, data, prior, state)
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
    move_rows(a, g, i, giving, left, inverse, forms, prior, state)
    return True


@inner
def log_chance(a, weights, cell):
    """Log density, up to a constant, with which `a` is proposed."""
    if a == 1.0:
        return weights[CELLS]
    return weights[min(int(a / cell), CELLS - 1)] - math.log(cell)


@inner
def empty_forms(n_groups, p):
    """Room for what the density needs of a row of each matrix that moves.

    `image` (1 + 2 G, 4, p) and `gram` (1 + 2 G, 4, 4) in the order of the inverses (`rows`); `pulled` (4, 4): what R_0's prior pulls;
    `rows` (2, p): the directions; `own` (G, p) and `n_own` (G,): the regions whose edge with this one departs;
    `in_shared` (4,), `weight` (4,) and `z` (p,): how a row is put together.
    """
    return Forms(
        np.zeros((1 + 2 * n_groups, VECTORS, p)),
        np.zeros((1 + 2 * n_groups, VECTORS, VECTORS)),
        np.zeros((VECTORS, VECTORS)),
        np.zeros((VECTORS - DIRECTIONS, p)),
        np.empty((n_groups, p), np.int64),
        np.zeros(n_groups, np.int64),
        np.empty(VECTORS),
        np.empty(VECTORS),
        np.empty(p),
    )


@inner
def moves(h, g, giving):
    """Whether the row of group h moves with what a region of group g keeps."""
    return giving or h == g


@inner
def look_up_rows(g, i, giving, without, between, inverse, forms, data, prior, state):
    """What the density needs of row i of each matrix that moves, into `forms`; returns s of `say_of`."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    left, u, vectors = 1.0, forms.image[0, DIRECTIONS:], np.zeros((VECTORS, p))
    if giving:
        left = directions(g, i, without, between, data, state, u, forms.rows)
        look_up_shared(i, inverse[0], forms, prior, state)
    for h in range(n_groups):
        if not moves(h, g, giving):
            continue
        n_own, smaller = 0, math.exp(-state.coupling[h])
        for j in range(p):
            share = smaller * state.attenuation[h, j]
            if j == i or state.delta[h, i, j] != 0.0:
                share = 0.0
                if j != i:
                    forms.own[h, n_own] = j
                    n_own += 1
            vectors[DATA, j] = state.scaled[h, i, j] / state.kappa[h]
            for k in range(DIRECTIONS, VECTORS):
                vectors[k, j] = share * forms.rows[k - DIRECTIONS, j]
        forms.n_own[h] = n_own
        diagonal = 1.0 + vectors[DATA, i]
        vectors[DATA, i] = 0.0
        for m in range(1 + h, 1 + 2 * n_groups, n_groups):  # the centre, and with the data
            with_data = m > n_groups
            image, gram = forms.image[m], forms.gram[m]
            present_image(inverse[m], i, diagonal if with_data else 1.0, image, gram)
            for k in range(DATA if with_data else DIRECTIONS, VECTORS if giving else DIRECTIONS):
                add_image(inverse[m], i, vectors[k], k, image, gram)
    return left


@inner
def look_up_shared(i, inverse, forms, prior, state):
    """The same for R_0, whose directions are known, and beside it what its prior pulls.

    Its inverse is 1 / s at (i, i), -w / s beside it and R_rest^-1 + w w' / s once its row is v: pulled is (w, -1).
    """
    image, pulled = forms.image[0], np.empty((VECTORS, inverse.shape[0]))
    present_image(inverse, i, 1.0, image, forms.gram[0])
    for k in range(DIRECTIONS, VECTORS):
        add_common(forms.rows[k - DIRECTIONS], k, image, forms.gram[0])
    if prior.family == COMMON:
        image[DATA, i] = -1.0
        for k in range(VECTORS):
            times(state.pull, image[k], pulled[k])
            add_common(image[k], k, pulled, forms.pulled)
        image[DATA, i] = 0.0


@inner
def weights_in_shared(a, g, i, giving, left, state, weight):
    """How R_0's row is put together where region i of a group keeps `a`."""
    weight[0], weight[1], weight[2], weight[3] = 1.0, 0.0, 0.0, 0.0
    if giving:
        sigma, rho = say_of(a, left)
        before, before_rho = say_of(state.attenuation[g, i], left)
        weight[DIRECTIONS], weight[DIRECTIONS + 1] = sigma - before, before_rho - rho


@inner
def element_in_shared(weight, i, j, forms, state):
    """R_0's element (i, j) then."""
    r = state.shared[i, j]
    for k in range(DIRECTIONS, VECTORS):
        if weight[k] != 0.0:
            r += weight[k] * forms.rows[k - DIRECTIONS, j]
    return r


@inner
def weights_in_group(a, g, h, i, in_shared, forms, state, weight, z):
    """How group h's row is put together: `weight` (4,) of the vectors, `z` of the elements that depart."""
    before = state.attenuation[h, i]
    kept = a if h == g else before
    weight[0] = kept / before
    weight[DATA] = 1.0 - weight[0]
    for k in range(DIRECTIONS, VECTORS):
        weight[k] = kept * in_shared[k]
    for k in range(forms.n_own[h]):
        j = forms.own[h, k]
        r = element_in_shared(in_shared, i, j, forms, state)
        start = start_of(r, state.coupling[h], kept * state.attenuation[h, j])
        z[k] = fisher_sum(start, math.tanh(state.delta[h, i, j])) - weight[0] * state.center[h, i, j]


@part
def row_density(a, g, i, giving, left, inverse, forms, data, prior, state):
    """Log density where region i of a group keeps `a`, up to what does not move; -inf outside. See `look_up_rows`."""
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
        weights_in_group(a, g, h, i, in_shared, forms, state, weight, z)
        first = what_is_left(1 + h, weight, z, i, inverse, forms, state)
        second = what_is_left(1 + n_groups + h, weight, z, i, inverse, forms, state)
        if not (first > 1e-12 and second > 1e-12):
            return -np.inf
        nu = state.kappa[h] + p + 1.0
        value += 0.5 * nu * math.log(first) - 0.5 * (nu + data.sizes[h]) * math.log(second)
    return value


@inner
def what_is_left(m, weight, z, i, inverse, forms, state):
    """The variance of region i given the others in the matrix m of a group."""
    n_groups = state.center.shape[0]
    h, diagonal = (m - 1) % n_groups, 1.0
    if m > n_groups:
        diagonal += state.scaled[h, i, i] / state.kappa[h]
    return diagonal - form_at(
        weight, forms.own[h], forms.n_own[h], z, inverse[m], i, forms.image[m], forms.gram[m]
    )


@inner
def shared_prior_of_row(weight, i, inverse, forms, eta, family):
    """Log prior density of R_0, up to what does not move; see `bayescov.sampling.kernels.shared.shared_prior`. -inf outside."""
    p, left, image = inverse.shape[0], 1.0, forms.image[0]
    for k in range(VECTORS):
        for m in range(VECTORS):
            left -= weight[k] * weight[m] * forms.gram[0, k, m]
    if not left > 1e-12:
        return -np.inf
    if family == LKJ:
        return (eta - 1.0) * math.log(left)
    nu = p - 1.0 + 2.0 * eta
    value = -0.5 * (nu + p + 1.0) * math.log(left)
    if family == COMMON:
        pulled, growth = 0.0, growth_of_scale(left, forms)
        for k in range(VECTORS):
            for m in range(VECTORS):
                pulled += (
                    (growth if k == DATA else weight[k])
                    * (growth if m == DATA else weight[m])
                    * forms.pulled[k, m]
                )
        return value - 0.5 * pulled / left + nu * math.log(growth)
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


@part
def move_rows(a, g, i, giving, left, inverse, forms, prior, state):
    """Region i of a group keeps `a`: it, R_0, the centres and the inverses."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    in_shared, weight, z = forms.in_shared, forms.weight, forms.z
    weights_in_shared(a, g, i, giving, left, state, in_shared)
    for m in range(1, 1 + 2 * n_groups):
        h = (m - 1) % n_groups
        if moves(h, g, giving):
            weights_in_group(a, g, h, i, in_shared, forms, state, weight, z)
            variance = what_is_left(m, weight, z, i, inverse, forms, state)
            move_row(weight, forms.own[h], forms.n_own[h], z, variance, i, forms.image[m], inverse[m])
    if giving:
        variance = 1.0 - form_at(in_shared, forms.own[0], 0, z, inverse[0], i, forms.image[0], forms.gram[0])
        move_row(in_shared, forms.own[0], 0, z, variance, i, forms.image[0], inverse[0])
        if prior.family == COMMON:
            growth = growth_of_scale(variance, forms)
            state.scale[i] *= growth
            for j in range(p):
                state.pull[i, j] *= growth
                state.pull[j, i] *= growth
    state.attenuation[g, i] = a
    for j in range(p):
        if j != i:
            state.shared[i, j] = state.shared[j, i] = element_in_shared(in_shared, i, j, forms, state)
            for h in range(n_groups):
                if moves(h, g, giving):
                    value = element_of(state.shared[i, j], h, i, j, state)
                    state.center[h, i, j] = state.center[h, j, i] = value
