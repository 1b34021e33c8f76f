r"""Blocked moves of departures: the shared matrix gives way, and several edges are switched on or off together.

Two things hold a single edge back. Homologues correlated at .9 tie the edges (i, j) and (i', j) together, so neither
can depart alone; and while a departure is off, the shared matrix is a compromise that leaves no room for it. So all
edges between {i, i'} and {j} or {j, j'} are switched at once, and R_0 moves by `-a x` where the group departs by x
from where R_0 leads it, a being the group's share (`edges.share_of`): without coupling the average over everybody stays.
(R_0, x) -> (R_0 - a x, x) has Jacobian one. Where three groups have three values, two of them may as well be the same:
so a block is also tried to be switched off in one group and on in another at once. The shifts x are proposed
around what the data of the group say; which block is tried, and around what, is learned during warm-up and then fixed,
so the move is a plain Metropolis-Hastings step with the exact collapsed densities.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.edges import element_of, kept_by, log_odds, log_slab, share_of
from bayescov.sampling.kernels.inverses import pull_through
from bayescov.sampling.kernels.linalg import cholesky_into, invert_lower_into, product
from bayescov.sampling.kernels.shared import COMMON, LKJ, pack_factor, start_of
from bayescov.sampling.kernels.updates import log_det_of_move, update_inverse, weights_of_move

OWN_SHIFT = 0.05  # SD of an edge's own shift around the block's common one, on the correlation scale


@inner
def draw_position(rng, cumulative):
    """A position in a list, by its fixed chance."""
    chance, last = rng.random(), cumulative.shape[0] - 1
    first = 0
    while first < last:
        middle = (first + last) // 2
        if cumulative[middle] < chance:
            first = middle + 1
        else:
            last = middle
    return first


@inner
def log_shifts(x, n_edges, middle, spread):
    """Log density of the proposed shifts: normal around `middle` with a common and an own part."""
    own, common = OWN_SHIFT**2, spread**2
    total, squares = 0.0, 0.0
    for e in range(n_edges):
        total += x[e] - middle
        squares += (x[e] - middle) ** 2
    value = -0.5 * (squares - common / (own + n_edges * common) * total**2) / own
    value -= 0.5 * ((n_edges - 1) * math.log(own) + math.log(own + n_edges * common))
    return value - 0.5 * n_edges * math.log(2.0 * math.pi)


@inner
def edges_of(block, rows, columns):
    """The edges of a block into `rows` and `columns`; how many they are."""
    n_edges = 0
    for a in range(2):
        for b in range(2, 4):
            if block[a] >= 0 and block[b] >= 0:
                rows[n_edges], columns[n_edges] = block[a], block[b]
                n_edges += 1
    return n_edges


@inner
def regions_of(block):
    """The regions of a block."""
    regions, count = np.empty(4, np.int64), 0
    for k in range(4):
        if block[k] >= 0:
            regions[count] = block[k]
            count += 1
    return regions[:count]


@inner
def place_of(region, touched):
    """Where a region stands among those that are touched."""
    k = 0
    while touched[k] != region:
        k += 1
    return k


@inner
def prior_of_move(log_det, inverse, pulled, touched, weight, eta, family):
    """By how much the log prior density of R_0 changes; see `bayescov.sampling.kernels.shared.shared_prior`."""
    p, t = inverse.shape[0], touched.shape[0]
    if family == LKJ:
        return (eta - 1.0) * log_det
    nu = p - 1.0 + 2.0 * eta
    value = -0.5 * (nu + p + 1.0) * log_det
    for j in range(1 if family == COMMON else p):
        less = 0.0  # of the inverse's diagonal element, or of its trace with the pull
        for a in range(t):
            for b in range(t):
                if family == COMMON:
                    less += weight[a, b] * pulled[touched[a], touched[b]]
                else:
                    less += weight[a, b] * inverse[touched[a], j] * inverse[touched[b], j]
        value += 0.5 * less if family == COMMON else -0.5 * nu * math.log1p(-less / inverse[j, j])
    return value


@inner
def density_of_move(touched, move, inverse, pulled, kappa, sizes, eta, family, factors, work):
    """Change of the log density of R_0 and all groups' data; NaN outside the support.

    `move` (1 + G, t, t): of R_0 and of the centres, between the regions `touched`. What `weights_of_move` needs of each
    inverse into `factors` (1 + 2 G, 2, t, t); `work` (3, t, t).
    """
    n_groups, p = sizes.shape[0], inverse.shape[1]
    value = 0.0
    for k in range(1 + 2 * n_groups):
        g = (k - 1) % n_groups
        log_det = log_det_of_move(inverse[k], touched, move[0 if k == 0 else 1 + g], factors[k], work)
        if not log_det > -1e300:
            return np.nan
        if k == 0:
            weights_of_move(factors[0], work[2], work)
            value += prior_of_move(log_det, inverse[0], pulled, touched, work[2], eta, family)
        elif k <= n_groups:
            value += 0.5 * (kappa[g] + p + 1.0) * log_det
        else:
            value -= 0.5 * (kappa[g] + p + 1.0 + sizes[g]) * log_det
    return value


@inner
def switch_block(rng, group, other, number, inverse, pulled, data, prior, state):
    """Try to switch a block of a group's edges on or off, or (`other` >= 0) from one of two groups to the other."""
    shared, center, coupling = state.shared, state.center, state.coupling
    delta, included, sizes = state.delta, state.included, data.sizes
    block = data.blocks[number]
    rows, columns = np.empty(4, np.int64), np.empty(4, np.int64)
    n_edges = edges_of(block, rows, columns)
    entering, leaving = who_switches(included, group, other, rows, columns, n_edges)
    if max(entering, leaving) < 0 or (other >= 0 and min(entering, leaving) < 0):
        return
    n_groups, p = center.shape[0], center.shape[1]
    touched = regions_of(block)
    t = touched.shape[0]
    move, work = np.zeros((1 + n_groups, t, t)), np.empty((3, t, t))
    factors = np.empty((1 + 2 * n_groups, 2, t, t))
    into = max(entering, 0)
    middle, spread = state.block_middle[into, number], state.block_spread[into, number]
    common = middle + spread * rng.standard_normal()
    x, gone = np.zeros(4), np.zeros(4)
    gain = 0.0
    for e in range(n_edges):
        i, j = rows[e], columns[e]
        r, moved = shared[i, j], shared[i, j]
        if leaving >= 0:
            start = start_of(r, coupling[leaving], kept_by(state, leaving, i, j))
            gone[e] = center[leaving, i, j] - start
            moved += share_of(leaving, sizes, p) * gone[e]
            gain -= log_slab(center[leaving, i, j], math.atanh(start), state.size[leaving])
            gain -= log_odds(
                state.n_active[leaving] - n_edges + e, p * (p - 1) // 2, prior.share_a, prior.share_b
            )
        if entering >= 0:
            x[e] = common + OWN_SHIFT * rng.standard_normal()
            moved -= share_of(entering, sizes, p) * x[e]
            start = start_of(moved, coupling[entering], kept_by(state, entering, i, j))
            if not abs(start + x[e]) < 0.9999:
                return
            gain += log_slab(start + x[e], math.atanh(start), state.size[entering])
            gain += log_odds(state.n_active[entering] + e, p * (p - 1) // 2, prior.share_a, prior.share_b)
        if not abs(moved) < 0.9999:
            return
        a, b = place_of(i, touched), place_of(j, touched)
        move[0, a, b] = move[0, b, a] = moved - r
        for g in range(n_groups):
            if g == entering:
                value = start_of(moved, coupling[g], kept_by(state, g, i, j)) + x[e]
            elif g == leaving:
                value = start_of(moved, coupling[g], kept_by(state, g, i, j))
            else:
                value = element_of(moved, g, i, j, state)
            move[1 + g, a, b] = move[1 + g, b, a] = value - center[g, i, j]
    if entering >= 0:
        gain -= log_shifts(x, n_edges, middle, spread)
    if leaving >= 0:
        gain += log_shifts(
            gone, n_edges, state.block_middle[leaving, number], state.block_spread[leaving, number]
        )
    # The departures of other groups are kept on Fisher's scale, so their densities do not enter.
    gain += density_of_move(
        touched, move, inverse, pulled, state.kappa, sizes, prior.eta, prior.family, factors, work
    )
    if not math.log(1.0 - rng.random()) < gain:
        return
    for k in range(1 + 2 * n_groups):
        weights_of_move(factors[k], work[2], work)
        update_inverse(inverse[k], touched, work[2])
    pull_through(inverse[0], prior.family, state.pull, pulled)
    for e in range(n_edges):
        i, j = rows[e], columns[e]
        a, b = place_of(i, touched), place_of(j, touched)
        shared[i, j] = shared[j, i] = shared[i, j] + move[0, a, b]
        for g in range(n_groups):
            center[g, i, j] = center[g, j, i] = center[g, i, j] + move[1 + g, a, b]
            if g == entering:
                included[g, i, j] = included[g, j, i] = 1
                start = start_of(shared[i, j], coupling[g], kept_by(state, g, i, j))
                d = math.atanh(center[g, i, j]) - math.atanh(start)
                delta[g, i, j] = delta[g, j, i] = d
                state.n_active[g] += 1
            elif g == leaving:
                included[g, i, j] = included[g, j, i] = 0
                delta[g, i, j] = delta[g, j, i] = 0.0
                state.n_active[g] -= 1


@inner
def who_switches(included, group, other, rows, columns, n_edges):
    """(entering, leaving) of one group or two: the group whose edges are all off, and that whose edges are all on; -1: none."""
    entering, leaving = -1, -1
    for g in (group, other):
        if g < 0:
            continue
        on = 0
        for e in range(n_edges):
            on += included[g, rows[e], columns[e]]
        if on == 0:
            entering = g
        elif on == n_edges:
            leaving = g
    return entering, leaving


@inner
def watch_blocks(blocks, state):
    """Count the sweeps, and for each block how often it was on, and the sum and sum of squares of its mean shift."""
    center, seen = state.center, state.block_seen
    rows, columns = np.empty(4, np.int64), np.empty(4, np.int64)
    for b in range(blocks.shape[0]):
        n_edges = edges_of(blocks[b], rows, columns)
        for g in range(center.shape[0]):
            on, shift = 0, 0.0
            for e in range(n_edges):
                i, j = rows[e], columns[e]
                on += state.included[g, i, j]
                shift += center[g, i, j] - start_of(
                    state.shared[i, j], state.coupling[g], kept_by(state, g, i, j)
                )
            seen[0, g, b] += 1.0
            if on == n_edges:
                seen[1, g, b] += 1.0
                seen[2, g, b] += shift / n_edges
                seen[3, g, b] += (shift / n_edges) ** 2


@inner
def store_shared(shared, log_d, anchor, u):
    """Write a moved R_0 back into the head of u; D stays."""
    p = shared.shape[0]
    covariance, c, inverse = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    for i in range(p):
        for j in range(p):
            covariance[i, j] = shared[i, j] * math.exp(log_d[i] + log_d[j])
    cholesky_into(covariance, c)
    invert_lower_into(c, inverse)
    pack_factor(product(inverse, anchor), u)
