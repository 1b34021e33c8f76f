r"""The attenuation a_gi: a region of a patient group that keeps a share of all its correlations, with Sigma_g integrated out.

One (nothing is lost) and the whole range are proposed at once (a grid, uniform within a cell, and the spike), corrected by
Metropolis-Hastings; R_0 is held, and departures on Fisher's scale. Only row i of R*_g moves, to v, and

    |R*_g| = |R_rest| (1 - v' R_rest^-1 v),     v' R_rest^-1 v = v' K v - (k_i' v)^2 / k_ii

over the other regions, K being the inverse from before; likewise with the data in the matrix.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.scalars import draw_category, raise_cells
from bayescov.sampling.kernels.shared import start_of

CELLS = 16


@inner
def log_det_of_row(inverse, row, own, i):
    """Log determinant once row i is `row`, its own element `own`, up to what the row does not touch; -inf outside.

    `inverse` is that of the matrix before.
    """
    along, square = 0.0, 0.0
    for j in range(row.shape[0]):
        if j == i:
            continue
        along += inverse[i, j] * row[j]
        beside = 0.0
        for k in range(j):
            if k != i:
                beside += inverse[j, k] * row[k]
        square += row[j] * (inverse[j, j] * row[j] + 2.0 * beside)
    left = own - square + along * along / inverse[i, i]
    return math.log(left) if left > 1e-12 * own else -np.inf


@part
def row_density(a, g, i, inverse, with_data, row, data, prior, state):
    """Log density of a group's people and of the prior where region i keeps `a`; its row of R*_g into `row`; -inf outside."""
    p, kappa = row.shape[0], state.kappa[g]
    moved = np.empty(p)
    for j in range(p):
        row[j] = 1.0
        if j != i:
            row[j] = start_of(state.shared[i, j], state.coupling[g], a * state.attenuation[g, j])
            if state.delta[g, i, j] != 0.0:
                h = math.tanh(state.delta[g, i, j])
                row[j] = (row[j] + h) / (1.0 + row[j] * h)
        moved[j] = row[j] + state.scaled[g, i, j] / kappa
    value = math.log1p(-prior.attenuation_share)
    if a < 1.0:
        shape = prior.attenuation_shape
        value = math.log(prior.attenuation_share * shape) + (shape - 1.0) * math.log1p(-a)
    nu = kappa + p + 1.0
    value += 0.5 * nu * log_det_of_row(inverse, row, 1.0, i)
    return value - 0.5 * (nu + data.sizes[g]) * log_det_of_row(with_data, moved, moved[i], i)


@part
def draw_attenuation(rng, g, i, inverse, with_data, data, prior, state):
    """Draw what region i of a group keeps; `inverse` and `with_data` are those of R*_g and of it with the data. Whether it moved."""
    p, cell = state.center.shape[1], 1.0 / CELLS
    weights, row = np.empty(CELLS + 1), np.empty(p)
    current, chosen, a, ratio = state.attenuation[g, i], CELLS, 1.0, 0.0
    # The cells, one, the current value, that proposed from a cell: the density is called in one place only, so that its code is
    # compiled in once.
    for c in range(CELLS + 3):
        if c < CELLS:
            a = (c + 0.5) * cell
        elif c == CELLS:
            a = 1.0
        elif c == CELLS + 1:
            raise_cells(weights, CELLS)
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen == CELLS and current == 1.0:
                return False
            a = current
        else:
            a = 1.0 if chosen == CELLS else (chosen + rng.random()) * cell
        density = row_density(a, g, i, inverse, with_data, row, data, prior, state)
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
        state.center[g, i, j] = state.center[g, j, i] = row[j]
    return True


@inner
def log_chance(a, weights, cell):
    """Log density, up to a constant, with which `a` is proposed."""
    if a == 1.0:
        return weights[CELLS]
    return weights[min(int(a / cell), CELLS - 1)] - math.log(cell)
