r"""Blocked moves of departures: the shared matrix gives way, and several edges are switched on or off together.

Two things hold a single edge back. Homologues correlated at .9 tie the edges (i, j) and (i', j) together, so neither
can depart alone; and while a departure is off, the shared matrix is a compromise that leaves no room for it. So all
edges between {i, i'} and {j} or {j, j'} are switched at once, and R_0 moves by `-a x` where the group departs by x
from where R_0 leads it, a being the group's share of the people: without coupling the average over everybody stays.
(R_0, x) -> (R_0 - a x, x) has Jacobian one. The shifts x are proposed around what the data of the group say; which
block is tried, and around what, is learned during warm-up and then fixed, so the move is a plain Metropolis-Hastings
step with the exact collapsed densities.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.edges import log_odds, log_slab
from bayescov.sampling.kernels.linalg import (
    cholesky_into,
    copy_all_into,
    copy_into,
    invert_lower_into,
    product,
)
from bayescov.sampling.kernels.shared import centers_density, coupled, pack_factor

OWN_SHIFT = 0.05  # SD of an edge's own shift around the block's common one, on the correlation scale


@inner
def draw_block(rng, cumulative):
    """A position in the list of blocks, by its fixed chance."""
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


@part
def toggle_block(
    rng,
    shared,
    center,
    scaled,
    kappa,
    sizes,
    coupling,
    delta,
    included,
    group,
    n_active,
    share_a,
    share_b,
    size,
    eta,
    family,
    pull,
    block,
    middle,
    spread,
    current,
):
    """Try to switch one block (u, u' or -1, v, v' or -1) of a group's edges on or off, where the density is `current`.

    Returns the density after it, and whether it happened.
    """
    rows, columns = np.empty(4, np.int64), np.empty(4, np.int64)
    n_edges = edges_of(block, rows, columns)
    on = 0
    for e in range(n_edges):
        on += included[group, rows[e], columns[e]]
    if 0 < on < n_edges:
        return current, False
    turn_on = on == 0
    give_way = sizes[group] / sizes.sum()
    common = middle + spread * rng.standard_normal()
    x = np.empty(4)
    new_shared = shared.copy()
    new_center = center.copy()
    gain = 0.0
    others, edges = n_active[group] - on, shared.shape[0] * (shared.shape[0] - 1) // 2
    for e in range(n_edges):
        i, j = rows[e], columns[e]
        r = shared[i, j]
        x[e] = common + OWN_SHIFT * rng.standard_normal()
        if not turn_on:
            x[e] = center[group, i, j] - coupled(r, coupling[group])
        moved = r - give_way * x[e] if turn_on else r + give_way * x[e]
        # What the edge departs from, in the state in which the block is on.
        base = coupled(moved if turn_on else r, coupling[group])
        on_value = base + x[e] if turn_on else center[group, i, j]
        if not (abs(moved) < 0.9999 and abs(on_value) < 0.9999):
            return current, False
        gain += log_slab(on_value, math.atanh(base), size)
        gain += log_odds(others + e, edges, share_a, share_b)
        new_shared[i, j] = moved
        new_shared[j, i] = moved
        for g in range(center.shape[0]):
            d = delta[g, i, j]
            value = coupled(moved, coupling[g])
            if g != group and d != 0.0:
                value = math.tanh(math.atanh(value) + d)
            if g == group and turn_on:
                value = on_value
            new_center[g, i, j] = value
            new_center[g, j, i] = value
    gain -= log_shifts(x, n_edges, middle, spread)
    if not turn_on:
        gain = -gain
    # The departures of other groups are kept on Fisher's scale, so their densities do not enter.
    new = centers_density(new_shared, new_center, scaled, kappa, sizes, eta, family, pull)
    if not math.log(1.0 - rng.random()) < gain + new - current:
        return current, False
    copy_into(new_shared, shared)
    copy_all_into(new_center, center)
    n_active[group] += n_edges if turn_on else -n_edges
    for e in range(n_edges):
        i, j = rows[e], columns[e]
        included[group, i, j] = 1 if turn_on else 0
        included[group, j, i] = included[group, i, j]
        delta[group, i, j] = 0.0
        if turn_on:
            delta[group, i, j] = math.atanh(center[group, i, j]) - math.atanh(
                coupled(shared[i, j], coupling[group])
            )
        delta[group, j, i] = delta[group, i, j]
    return new, True


@inner
def watch_blocks(blocks, shared, coupling, center, included, seen):
    """Count the sweeps, and for each block how often it was on, and the sum and sum of squares of its mean shift."""
    rows, columns = np.empty(4, np.int64), np.empty(4, np.int64)
    for b in range(blocks.shape[0]):
        n_edges = edges_of(blocks[b], rows, columns)
        for g in range(1, center.shape[0]):
            on, shift = 0, 0.0
            for e in range(n_edges):
                i, j = rows[e], columns[e]
                on += included[g, i, j]
                shift += center[g, i, j] - coupled(shared[i, j], coupling[g])
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
