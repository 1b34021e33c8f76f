r"""The attenuation a_gi: a region of a patient group that keeps a share of all its correlations, with Sigma_g integrated out.

One (nothing is lost) and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings, departures held on Fisher's scale. R_0 is held, or gives way: while nothing is lost, R_0 is a compromise, so
its row i moves by as much as the average over everybody of what is kept falls; of its row times c the Jacobian is c^(p - 1).
Only row i of any matrix moves, to v, and

    |R| = |R_rest| (1 - v' R_rest^-1 v),     R_rest^-1 v = (K v)_rest - k_i (k_i' v) / k_ii

over the other regions, K being the inverse from before; likewise with the data in the matrix.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.scalars import draw_category, raise_cells
from bayescov.sampling.kernels.shared import COMMON, LKJ, fisher_sum, start_of

CELLS = 8


@part
def draw_attenuation(rng, g, i, giving, inverse, data, prior, state):
    """Draw what region i of a group keeps; whether it moved. `giving`: R_0 gives way, and u does not.

    `inverse` (1 + 2 G, p, p): of R_0, of the centres, and of the centres with the data, as `invert_all` finds them.
    """
    n_groups, p, cell = state.center.shape[0], state.center.shape[1], 1.0 / CELLS
    weights, rows = np.empty(CELLS + 1), np.empty((1 + n_groups, p))
    current, chosen, a, ratio = state.attenuation[g, i], CELLS, 1.0, 0.0
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
        density = row_density(a, g, i, giving, inverse, rows, data, prior, state)
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
    state.attenuation[g, i] = a
    for j in range(p):
        state.shared[i, j] = state.shared[j, i] = rows[0, j]
        for h in range(n_groups):
            if giving or h == g:
                state.center[h, i, j] = state.center[h, j, i] = rows[1 + h, j]
    return True


@inner
def log_chance(a, weights, cell):
    """Log density, up to a constant, with which `a` is proposed."""
    if a == 1.0:
        return weights[CELLS]
    return weights[min(int(a / cell), CELLS - 1)] - math.log(cell)


@part
def row_density(a, g, i, giving, inverse, rows, data, prior, state):
    """Log density where region i of a group keeps `a`, up to what does not move; -inf outside.

    Into `rows` (1 + G, p) come the rows of region i, of R_0 and of the centres that move.
    """
    n_groups, p = state.center.shape[0], state.center.shape[1]
    value = math.log1p(-prior.attenuation_share)
    if a < 1.0:
        shape = prior.attenuation_shape
        value = math.log(prior.attenuation_share * shape) + (shape - 1.0) * math.log1p(-a)
    more = 1.0
    if giving:
        kept = 0.0
        for h in range(n_groups):
            kept += data.sizes[h] * state.attenuation[h, i]
        more = kept / (kept + data.sizes[g] * (a - state.attenuation[g, i]))
        value += (p - 1.0) * math.log(more)
    for j in range(p):
        rows[0, j] = 1.0 if j == i else more * state.shared[i, j]
        if j != i and not abs(rows[0, j]) < 0.9999:
            return -np.inf
    beside, moved = np.empty(p), np.empty(p)
    if giving:
        value += shared_prior_of_row(inverse[0], state.pull, rows[0], i, prior.eta, prior.family, beside)
    for h in range(n_groups):
        if not (giving or h == g):
            continue
        row, kappa = rows[1 + h], state.kappa[h]
        for j in range(p):
            row[j] = 1.0
            if j != i:
                kept = (a if h == g else state.attenuation[h, i]) * state.attenuation[h, j]
                row[j] = start_of(rows[0, j], state.coupling[h], kept)
                if state.delta[h, i, j] != 0.0:
                    row[j] = fisher_sum(row[j], math.tanh(state.delta[h, i, j]))
            moved[j] = row[j] + state.scaled[h, i, j] / kappa
        first = what_is_left(inverse[1 + h], row, i, beside)
        second = what_is_left(inverse[1 + n_groups + h], moved, i, beside)
        if not (first > 1e-12 and second > 1e-12):
            return -np.inf
        nu = kappa + p + 1.0
        value += 0.5 * nu * math.log(first) - 0.5 * (nu + data.sizes[h]) * math.log(second)
    return value


@inner
def what_is_left(inverse, row, i, beside):
    """The determinant over that of the other regions' once row i is `row`: the variance given those; R_rest^-1 v into `beside`."""
    p, along, left = row.shape[0], 0.0, row[i]
    for j in range(p):
        if j != i:
            along += inverse[i, j] * row[j]
    along /= inverse[i, i]
    for j in range(p):
        beside[j] = 0.0
        if j != i:
            for k in range(p):
                if k != i:
                    beside[j] += inverse[j, k] * row[k]
            beside[j] -= inverse[i, j] * along
            left -= row[j] * beside[j]
    return left


@inner
def shared_prior_of_row(inverse, pull, row, i, eta, family, beside):
    """Log prior density of R_0 once its row i is `row`, up to what does not move; see `bayescov.sampling.kernels.shared.shared_prior`.

    The inverse is then 1 / s at (i, i), -w / s beside it and R_rest^-1 + w w' / s, where w = R_rest^-1 v, s = 1 - v' w.
    """
    p = row.shape[0]
    left = what_is_left(inverse, row, i, beside)
    if not left > 1e-12:
        return -np.inf
    if family == LKJ:
        return (eta - 1.0) * math.log(left)
    nu = p - 1.0 + 2.0 * eta
    value = -0.5 * (nu + p + 1.0) * math.log(left)
    if family == COMMON:
        beside[i] = -1.0
        pulled = 0.0
        for j in range(p):
            for k in range(p):
                pulled += beside[j] * pull[j, k] * beside[k]
        return value - 0.5 * pulled / left
    value += 0.5 * nu * math.log(left)
    for j in range(p):
        if j != i:
            rest = inverse[j, j] - inverse[i, j] ** 2 / inverse[i, i]
            value -= 0.5 * nu * math.log(rest + beside[j] ** 2 / left)
    return value
