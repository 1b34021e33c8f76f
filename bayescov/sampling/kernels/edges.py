r"""Single-edge departures Delta of each group that may depart from the shared matrix, with Sigma_g integrated out.

Changing one element of a matrix changes its determinant by a few operations (`updates`). An edge's indicator and size are
proposed together, from a grid over all admissible values (uniform within a cell) and the spike, and corrected by
Metropolis-Hastings; an accepted move costs O(p^2). The share pi_g is integrated out as well: given pi_g the number of
departures could only creep.

An edge moves along one of two lines. On one R_0 is held. On the other the average over everybody is: while a departure is
off, R_0 is a compromise that leaves no room for it, so where the group departs by x from where R_0 leads it, R_0 is `-a x`
from the average, a being the group's share (`share_of`); (R_0, x) -> (R_0 - a x, x) has Jacobian one.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.inverses import pull_through
from bayescov.sampling.kernels.scalars import (
    HALF_LOG_TWO_PI,
    draw_category,
    draw_log_normal_spread,
    draw_share,
    raise_cells,
)
from bayescov.sampling.kernels.shared import COMMON, LKJ, fisher_sum, start_of
from bayescov.sampling.kernels.updates import log_det_change, move_inverse, move_weights

CELLS = 8  # with 16 a sweep of 14 regions takes a fifth longer, and nothing mixes faster
# What `look_up` finds for each group: its element, coupling, what the regions keep, its departure (as a correlation), the inverses'
# elements and kappa + p + 1.
ELEMENT, COUPLING, SMALLER, KEPT, OWN, K_II, K_IJ, K_JJ, M_II, M_IJ, M_JJ, NU = range(12)
FOUND = 12


@inner
def log_slab(r, z_shared, size):
    """Log density of the element r: its Fisher z is Normal(z_shared, size)."""
    above, below = math.log(1.0 + r), math.log(1.0 - r)
    z = (0.5 * (above - below) - z_shared) / size
    return -0.5 * z * z - math.log(size) - HALF_LOG_TWO_PI - above - below


@inner
def log_odds(others, edges, share_a, share_b):
    """Log prior odds that one edge of `edges` departs where `others` of the rest do; pi ~ Beta integrated out."""
    return math.log((share_a + others) / (share_b + edges - 1.0 - others))


@inner
def share_of(group, sizes, p):
    """The group's share in what is known of R_0: of all people, and of p more, as which R_0's prior counts about (see `level`)."""
    return sizes[group] / (sizes.sum() + p)


@inner
def kept_by(state, g, i, j):
    """What a group keeps of the correlation of two regions."""
    return state.attenuation[g, i] * state.attenuation[g, j]


@inner
def element_of(r, g, i, j, state):
    """A group's element where R_0 has r, its departure held on Fisher's scale."""
    value = start_of(r, state.coupling[g], kept_by(state, g, i, j))
    if state.delta[g, i, j] != 0.0:
        value = fisher_sum(value, math.tanh(state.delta[g, i, j]))
    return value


@inner
def look_up(i, j, inverse, data, state, known):
    """What the density along a line needs of edge (i, j), a row a group, into `known` (G, FOUND)."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    for g in range(n_groups):
        k, m, nu = inverse[1 + g], inverse[1 + n_groups + g], state.kappa[g] + p + 1.0
        known[g, ELEMENT] = state.center[g, i, j]
        known[g, COUPLING] = state.coupling[g]
        known[g, SMALLER] = math.exp(-state.coupling[g])
        known[g, KEPT] = kept_by(state, g, i, j)
        known[g, OWN] = math.tanh(state.delta[g, i, j])
        known[g, K_II], known[g, K_IJ], known[g, K_JJ] = k[i, i], k[i, j], k[j, j]
        known[g, M_II], known[g, M_IJ], known[g, M_JJ] = m[i, i], m[i, j], m[j, j]
        known[g, NU] = nu


@inner
def line_density(x, group, average, share, sizes, size, log_on, z_held, known):
    """Log density, the prior of R_0 apart, where `group` departs by x and R_0 is `average - share x`; -inf outside.

    Where R_0 is held, `z_held` is Fisher's z of what it leads the group to.
    """
    r = average - share * x
    if not abs(r) < 0.999999:
        return -np.inf
    value = 0.0
    for g in range(known.shape[0]):
        if g != group and share == 0.0:
            continue
        new = r if known[g, COUPLING] == 0.0 else 1.0 - (1.0 - r) * known[g, SMALLER]
        new *= known[g, KEPT]
        if g == group:
            start, new = new, new + x
            if not (abs(start) < 0.999999 and abs(new) < 0.999999):
                return -np.inf
            if x != 0.0:
                value += log_slab(new, z_held if share == 0.0 else math.atanh(start), size) + log_on
        elif known[g, OWN] != 0.0:
            new = fisher_sum(new, known[g, OWN])
        d = new - known[g, ELEMENT]
        first = log_det_change(d, known[g, K_II], known[g, K_IJ], known[g, K_JJ])
        second = log_det_change(d, known[g, M_II], known[g, M_IJ], known[g, M_JJ])
        if first == -np.inf or second == -np.inf:
            return -np.inf
        value += 0.5 * known[g, NU] * first - 0.5 * (known[g, NU] + sizes[g]) * second
    return value


@inner
def ends_of_line(x, r, slope, k_ii, k_ij, k_jj):
    """Between which departures the group's own centre is positive definite; the same from every point of the line.

    Its element is r where the departure is x, and rises by `slope` with it: by less than nothing where the group has most of
    the people and correlations far below the others', so that R_0 gives way by more than the group departs.
    """
    s = math.sqrt(k_ii * k_jj)
    down = max(r - 1.0 / (s + k_ij), -0.999999) - r
    up = min(r + 1.0 / (s - k_ij), 0.999999) - r
    low, high = -2.0, 2.0
    if abs(slope) > 1e-6:
        low = max(low, x + min(down / slope, up / slope))
        high = min(high, x + max(down / slope, up / slope))
    margin = 1e-7 * (high - low)
    return low + margin, high - margin


@inner
def shared_prior_change(d, i, j, inverse, pulled, eta, family):
    """Change of R_0's log prior density when its element (i, j) moves by d; -inf outside."""
    p = inverse.shape[0]
    log_det = log_det_change(d, inverse[i, i], inverse[i, j], inverse[j, j])
    if d == 0.0 or log_det == -np.inf:
        return log_det
    if family == LKJ:
        return (eta - 1.0) * log_det
    nu = p - 1.0 + 2.0 * eta
    value = -0.5 * (nu + p + 1.0) * log_det
    a, b, c = move_weights(d, inverse[i, i], inverse[i, j], inverse[j, j])
    if family == COMMON:
        return value + 0.5 * (a * pulled[i, i] + b * pulled[j, j] + 2.0 * c * pulled[i, j])
    for k in range(p):
        x, y = inverse[k, i], inverse[k, j]
        value -= 0.5 * nu * math.log1p(-(a * x * x + b * y * y + 2.0 * c * x * y) / inverse[k, k])
    return value


@inner
def draw_edge(rng, group, share, i, j, inverse, pulled, known, data, prior, state):
    """Draw the departure of one edge of one group. R_0 moves by `share` of it, u does not.

    `known` (G, FOUND) is scratch.
    """
    shared, center, delta, included = state.shared, state.center, state.delta, state.included
    n_groups, p = center.shape[0], center.shape[1]
    on = included[group, i, j]
    log_on = log_odds(state.n_active[group] - on, p * (p - 1) // 2, prior.share_a, prior.share_b)
    r = center[group, i, j]
    kept = kept_by(state, group, i, j)
    x = 0.0 if on == 0 else r - start_of(shared[i, j], state.coupling[group], kept)
    average, z_held = shared[i, j] + share * x, math.atanh(r - x)
    slope = 1.0 - share * kept * math.exp(-state.coupling[group])
    k = inverse[1 + group]
    low, high = ends_of_line(x, r, slope, k[i, i], k[i, j], k[j, j])
    cell = (high - low) / CELLS
    look_up(i, j, inverse, data, state, known)
    # The cells, the spike, the current value, that proposed from a cell: the density is called in one place only, so that
    # its code is compiled in once.
    weights, chosen, new, ratio = np.empty(CELLS + 1), CELLS, 0.0, 0.0
    for c in range(CELLS + 3):
        value = 0.0
        if c < CELLS:
            value = low + (c + 0.5) * cell
        elif c == CELLS + 1:
            value = x
            raise_cells(weights, weights.shape[0] - 1)
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen == CELLS and on == 0:
                return
            if on == 0:
                continue
        elif c == CELLS + 2:
            if chosen == CELLS:
                continue
            new = low + (chosen + rng.random()) * cell
            value = new
        density = line_density(
            value, group, average, share, data.sizes, state.size[group], log_on, z_held, known
        )
        if c < CELLS:
            weights[c] = density + math.log(cell)
        elif c == CELLS:
            weights[c] = density
        elif c == CELLS + 1:
            ratio -= density + math.log(cell) - weights[min(max(int((x - low) / cell), 0), CELLS - 1)]
        else:
            ratio += density + math.log(cell) - weights[chosen]
    move = share * (x - new)
    if share > 0.0:
        ratio += shared_prior_change(move, i, j, inverse[0], pulled, prior.eta, prior.family)
    if not math.log(1.0 - rng.random()) < ratio:
        return
    if abs(move) > 1e-13:
        move_inverse(inverse[0], i, j, move)
        pull_through(inverse[0], prior.family, state.pull, pulled)
    r = average - share * new
    shared[i, j] = shared[j, i] = r
    start = start_of(r, state.coupling[group], kept)
    for g in range(n_groups):
        value = start + new if g == group else element_of(r, g, i, j, state)
        d = value - center[g, i, j]
        if abs(d) > 1e-13:
            move_inverse(inverse[1 + g], i, j, d)
            move_inverse(inverse[1 + n_groups + g], i, j, d)
        center[g, i, j] = center[g, j, i] = value
    turned_on = 0 if chosen == CELLS else 1
    state.n_active[group] += turned_on - on
    included[group, i, j] = included[group, j, i] = turned_on
    own = 0.0 if chosen == CELLS else math.atanh(start + new) - math.atanh(start)
    delta[group, i, j] = delta[group, j, i] = own


@inner
def draw_share_and_size(rng, delta, included, size, share_a, share_b, size_median, size_width):
    """pi_g and tau_g given the departures; returns both and the number of edges that depart."""
    p = delta.shape[0]
    count = 0
    squares = 0.0
    for i in range(p):
        for j in range(i):
            if included[i, j] == 1:
                count += 1
                squares += delta[i, j] ** 2
    edges = p * (p - 1) // 2
    share = draw_share(rng, share_a + count, share_b + edges - count)
    size = draw_log_normal_spread(rng, size, float(count), squares, size_median, size_width)
    return share, size, count
