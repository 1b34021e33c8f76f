r"""What a region keeps, drawn with its row of R_0, its SDs and its departures standardised instead of held.

Given all else, the region's point is nearly normal (`approximation`), around another mean m and with another covariance L L' for each
value of a_gi. What is held is

    xi = L(a)^-1 (point - m(a)),

and a is drawn along this curve, from the whole range at once: cells of it, uniform within one, and the spike, corrected by
Metropolis-Hastings. The density of (a, xi) is that of (a, point) times |L(a)|, so that how good m and L are decides how often the
region moves, and nothing else.
"""

import math

import numpy as np

from bayescov.sampling.kernels.approximation import approximate
from bayescov.sampling.kernels.attenuation import CELLS, LEAST_KEPT, STEPS, kept_at, log_prior, weighed
from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into, solve_lower
from bayescov.sampling.kernels.region import (
    density_at,
    empty_place,
    go_to,
    look_up_region,
    move_to,
    point_of,
)

KNOTS = (1.0, 0.8, 0.45, 0.0)  # where the approximation is found; between them m and L are on straight lines
FIRST, MORE = 5, 2  # steps, at the first of them, and from one to the next


@inner
def draw_loosening(rng, g, i, inverse, data, prior, state):
    """Draw what region i of group g keeps, and where its point is; whether it moved.

    `inverse` (1 + 2 G, p, p) as `invert_all` finds them; they follow.
    """
    n_groups, p = state.center.shape[0], state.center.shape[1]
    region, place = look_up_region(g, i, inverse, prior, state), empty_place(n_groups, p)
    d = p + n_groups + region.own.shape[0]
    mean, factor = np.empty((len(KNOTS), d)), np.empty((len(KNOTS), d, d))
    if not approximate_all(g, i, region, data, prior, state, place, mean, factor):
        return False
    current, point, center, root = state.attenuation[g, i], np.empty(d), np.empty(d), np.empty((d, d))
    xi = point_of(g, i, region, inverse, state)
    interpolate(current, mean, factor, center, root)
    for k in range(d):
        xi[k] -= center[k]
    solve_lower(root, xi)
    weights, a, ratio, s = np.empty(CELLS + 1), current, 0.0, 1.0
    chosen = weights.shape[0] - 1
    for step in range(STEPS):  # the density is called in one place only, so that its code is compiled in once
        a, chosen = kept_at(rng, step, chosen, current, weights)
        if step > CELLS and chosen == CELLS and current == 1.0:
            return False
        density = -np.inf
        if a >= LEAST_KEPT:
            interpolate(a, mean, factor, center, root)
            density = log_prior(a, prior) + place_point(xi, center, root, point)
            s = go_to(point, a, g, i, 0.0, region, state, place)
            density += density_at(s, point, g, region, data, prior, state, place)
        ratio += weighed(step, a, density, weights)
        if step == CELLS:
            watch_region(g, i, current, weights, state.region_seen)
    if not math.log(1.0 - rng.random()) < ratio:
        return False
    move_to(s, point, a, g, i, region, place, inverse, prior, state)
    return True


@inner
def watch_region(g, i, current, weights, seen):
    """Count the draws of a region, and add up how probable it was in them to become loose, and to change."""
    top, loose = -np.inf, 0.0
    for c in range(CELLS + 1):
        top = max(top, weights[c])
    if not top > -1e300:
        return
    for c in range(CELLS):
        loose += math.exp(weights[c] - top)
    chance = loose / (loose + math.exp(weights[CELLS] - top))
    seen[0, g - 1, i] += 1.0
    seen[1, g - 1, i] += chance
    seen[2, g - 1, i] += chance if current == 1.0 else 1.0 - chance


@inner
def approximate_all(g, i, region, data, prior, state, place, mean, factor):
    """Mean and lower factor of the approximation at each of the knots, each from that before; whether all went well."""
    n_groups, p = region.slope.shape[0], region.slope.shape[1]
    d = p + n_groups + region.own.shape[0]
    point, spread = np.zeros(d), np.zeros((d, d))
    for h in range(n_groups):
        point[p + h] = 0.5 * math.log(region.corner[h] * state.kappa[h] / data.sizes[h])
    for k in range(len(KNOTS)):
        steps = FIRST if k == 0 else MORE
        if not approximate(steps, KNOTS[k], g, i, region, data, prior, state, place, point, spread):
            return False
        if not cholesky_into(spread, factor[k]):
            return False
        for j in range(d):
            mean[k, j] = point[j]
    return True


@inner
def interpolate(a, mean, factor, center, root):
    """Mean and factor of the approximation at `a`."""
    k = 0
    while k < len(KNOTS) - 2 and a < KNOTS[k + 1]:
        k += 1
    part = (KNOTS[k] - a) / (KNOTS[k] - KNOTS[k + 1])
    for j in range(center.shape[0]):
        center[j] = (1.0 - part) * mean[k, j] + part * mean[k + 1, j]
        for m in range(j + 1):
            root[j, m] = (1.0 - part) * factor[k, j, m] + part * factor[k + 1, j, m]


@inner
def place_point(xi, center, root, point):
    """The point of a xi; log |L|."""
    value = 0.0
    for j in range(xi.shape[0]):
        value += math.log(root[j, j])
        point[j] = center[j]
        for m in range(j + 1):
            point[j] += root[j, m] * xi[m]
    return value
