r"""All that moves with what a region keeps in a group: its row of R_0, its SDs, its edges that depart; every Sigma_g integrated out.

With Q the inverse of R_0 over the other regions and v row i of R_0, s = 1 - v' Q v is what is left of the region's variance.

    eta = v / sqrt(s),     v = eta sqrt(s),     s = 1 / (1 + eta' Q eta),     dv = s^((p + 1) / 2) d eta

may be anything, and R_0's prior of family "common" is normal in eta if t_i^2 (R_0^-1)_ii stays (`level`). A point is (eta, log D_i of
every group, z): p + G + own numbers, that at i being 0, z being Fisher's of those correlations of the region that depart in the group.
"""

import math
from collections import namedtuple

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import copy_into, product, times
from bayescov.sampling.kernels.rows import set_row
from bayescov.sampling.kernels.shared import COMMON, LKJ, fisher_sum, place_of_ratios, place_of_shift

Region = namedtuple("Region", ["rest", "prior", "linear", "lead", "slope", "data", "corner", "own"])
Place = namedtuple(
    "Place", ["v", "w", "x", "bend", "data", "corner", "start", "steep", "both", "image", "left"]
)


@inner
def look_up_region(g, i, inverse, prior, state):
    """What the density of region i of group g is made of; neither the region's point nor what it keeps enters.

    `rest` (1 + 2 G, p, p): the inverses over the other regions, of R_0, of the centres, and of the centres with the data; `prior`
    (p, p) and `linear` (p,): the precision of eta, and that times its mean; `lead` and `slope` (G, p): elements of the centres are `lead`
    and `slope` times those of R_0; `data` (G, p) and `corner` (G,): the data, in their own units; `own`: the other ends of the edges
    that depart.
    """
    n_groups, p = state.center.shape[0], state.center.shape[1]
    rest, own, n_own = np.empty((1 + 2 * n_groups, p, p)), np.empty(p, np.int64), 0
    for m in range(1 + 2 * n_groups):
        k, out = inverse[m], rest[m]
        for j in range(p):
            less = k[j, i] / k[i, i]
            for o in range(p):
                out[j, o] = k[j, o] - less * k[i, o]
        for j in range(p):
            out[i, j] = out[j, i] = 0.0
    lead, slope, data = np.zeros((n_groups, p)), np.zeros((n_groups, p)), np.zeros((n_groups, p))
    corner = np.empty(n_groups)
    for h in range(n_groups):
        smaller, sd = math.exp(-state.coupling[h]), math.exp(state.log_d[h, i])
        corner[h] = state.scaled[h, i, i] * sd * sd / state.kappa[h]
        for j in range(p):
            if j == i:
                continue
            kept = state.attenuation[h, j] * (1.0 if h == g else state.attenuation[h, i])
            lead[h, j], slope[h, j] = kept * (1.0 - smaller), kept * smaller
            data[h, j] = state.scaled[h, i, j] * sd / state.kappa[h]
            if h == g and state.delta[g, i, j] != 0.0:
                own[n_own] = j
                n_own += 1
    precision, linear = np.empty((p, p)), np.zeros(p)
    prior_of_row(i, rest[0], inverse[0, i, i], prior, state, precision, linear)
    return Region(rest, precision, linear, lead, slope, data, corner, own[:n_own])


@inner
def prior_of_row(i, q, corner, prior, state, precision, linear):
    """R_0's prior as a normal one of eta: exactly that for the family "common", about that for the others (`weight_of_prior`)."""
    p = q.shape[0]
    if prior.family == LKJ:
        copy_into(q, precision)
        return
    scaled, nu, root = np.empty((p, p)), p - 1.0 + 2.0 * prior.eta, math.sqrt(corner)
    for j in range(p):
        for k in range(p):
            if prior.family != COMMON:
                scaled[j, k] = q[j, k] * nu / q[j, j] if j != i else 0.0
                continue
            scaled[j, k] = state.pull[j, k]
            if k != i:
                linear[j] += root * q[j, k] * state.pull[k, i]
    copy_into(product(q, product(scaled, q) if prior.family == COMMON else scaled), precision)


@inner
def weight_of_prior(s, p, prior):
    """By what the precision of eta is multiplied."""
    return 2.0 * s * power_of_left(p, prior) if prior.family == LKJ else 1.0


@inner
def power_of_left(p, prior):
    """The power of s in the prior density of eta, for the family LKJ."""
    return prior.eta - 1.0 + 0.5 * (p + 1.0)


@inner
def empty_place(n_groups, p):
    """Room for what a point comes to.

    `v` and `w` (p,): row i of R_0, and Q v; `x` (G, p): row i of the centres; `bend` (G, p): its slope along v, or along z; `data` (G, p)
    and `corner` (G,) in units of D_i; `start` and `steep` (p,): from where the own edges depart, and the slope of that; `both` (p,);
    `image` (2 G, p) and `left` (2 G,): as `w` and s, of the centres and of the centres with the data.
    """
    return Place(
        np.zeros(p), np.zeros(p), np.zeros((n_groups, p)), np.zeros((n_groups, p)), np.zeros((n_groups, p)), np.zeros(n_groups),
        np.zeros(p), np.zeros(p), np.zeros(p), np.zeros((2 * n_groups, p)), np.zeros(2 * n_groups),
    )  # fmt: skip


@inner
def go_to(point, a, g, i, noise, region, state, place):
    """What a point comes to where region i of group g keeps `a`; returns s. `noise` is added to eta' Q eta."""
    n_groups, p = region.slope.shape[0], region.slope.shape[1]
    times(region.rest[0], point[:p], place.w)
    explained = noise
    for j in range(p):
        explained += point[j] * place.w[j]
    s = 1.0 / (1.0 + explained)
    root = math.sqrt(s)
    for j in range(p):
        place.v[j] = root * point[j]
        place.w[j] *= root
    for h in range(n_groups):
        kept, x, bend = a if h == g else 1.0, place.x[h], place.bend[h]
        for j in range(p):
            bend[j] = kept * region.slope[h, j]
            x[j] = kept * region.lead[h, j] + bend[j] * place.v[j]
            if h != g and state.delta[h, i, j] != 0.0:
                t = math.tanh(state.delta[h, i, j])
                bend[j] *= (1.0 - t * t) / (1.0 + t * x[j]) ** 2
                x[j] = fisher_sum(x[j], t)
        if h == g:
            for k in range(region.own.shape[0]):
                j = region.own[k]
                place.start[k], place.steep[k] = x[j], bend[j]
                x[j] = math.tanh(point[p + n_groups + k])
                bend[j] = 1.0 - x[j] * x[j]
        smaller = math.exp(-point[p + h])
        place.corner[h] = region.corner[h] * smaller * smaller
        for j in range(p):
            place.data[h, j] = region.data[h, j] * smaller
            place.both[j] = x[j] + place.data[h, j]
        place.left[h] = 1.0 - form_of(region.rest[1 + h], x, place.image[h])
        m = n_groups + h
        place.left[m] = 1.0 + place.corner[h] - form_of(region.rest[1 + m], place.both, place.image[m])
    return s


@inner
def form_of(matrix, v, image):
    """The quadratic form of a symmetric matrix at v; the matrix times v into `image`."""
    times(matrix, v, image)
    value = 0.0
    for j in range(v.shape[0]):
        value += v[j] * image[j]
    return value


@inner
def density_at(s, point, g, region, data, prior, state, place):
    """Log density of the point that `place` is about, and of the data, up to what does not move; -inf outside."""
    n_groups, p = region.slope.shape[0], region.slope.shape[1]
    value = 0.0
    if prior.family == COMMON:
        image = np.empty(p)
        value -= 0.5 * form_of(region.prior, point[:p], image)
        for j in range(p):
            value += point[j] * region.linear[j]
    elif prior.family == LKJ:
        value += power_of_left(p, prior) * math.log(s)
    else:
        for j in range(p):
            if region.rest[0, j, j] > 0.0:
                value -= (
                    0.5 * (p - 1.0 + 2.0 * prior.eta) * math.log(region.rest[0, j, j] + place.w[j] ** 2 / s)
                )
    for k in range(region.own.shape[0]):
        if not abs(place.start[k]) < 1.0:
            return -np.inf
        value -= 0.5 * ((point[p + n_groups + k] - math.atanh(place.start[k])) / state.size[g]) ** 2
    for h in range(n_groups):
        nu, first, second = state.kappa[h] + p + 1.0, place.left[h], place.left[n_groups + h]
        if not (first > 1e-12 and second > 1e-12):
            return -np.inf
        value += 0.5 * nu * math.log(first) - 0.5 * (nu + data.sizes[h]) * math.log(second)
        away, _ = away_of_sd(h, point, prior, state)
        value -= data.sizes[h] * point[p + h] + 0.5 * away * away
    return value if value > -1e300 else -np.inf


@inner
def away_of_sd(h, point, prior, state):
    """How far log D_i of the controls, or its difference to that of a group, is from its prior mean, in prior SDs; that SD."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    if h == 0:
        return point[p] / prior.control_sd, prior.control_sd
    shift = place_of_shift(h, n_groups, p)
    sd = state.u[shift + n_groups - 1]
    return (point[p + h] - point[p] - state.u[shift]) / sd, sd


@inner
def point_of(g, i, region, inverse, state):
    """The point that the state is at."""
    n_groups, p, n_own = region.slope.shape[0], region.slope.shape[1], region.own.shape[0]
    point, size = np.zeros(p + n_groups + n_own), math.sqrt(inverse[0, i, i])
    for j in range(p):
        if j != i:
            point[j] = state.shared[i, j] * size
    for h in range(n_groups):
        point[p + h] = state.log_d[h, i]
    for k in range(n_own):
        point[p + n_groups + k] = math.atanh(state.center[g, i, region.own[k]])
    return point


@inner
def move_to(s, point, a, g, i, region, place, inverse, prior, state):
    """The region keeps `a` and is at the point that `place` is about: what it keeps, R_0, the SDs, departures, centres, inverses."""
    n_groups, p = region.slope.shape[0], region.slope.shape[1]
    growth = math.sqrt(s * inverse[0, i, i])
    set_row(inverse[0], i, place.w, s)
    for m in range(2 * n_groups):
        set_row(inverse[1 + m], i, place.image[m], place.left[m])
    state.attenuation[g, i] = a
    for h in range(n_groups):
        state.log_d[h, i], state.scaled[h, i, i] = point[p + h], place.corner[h] * state.kappa[h]
        if h > 0:
            state.u[place_of_ratios(h, p) + i], _ = away_of_sd(h, point, prior, state)
        for j in range(p):
            if j != i:
                state.center[h, i, j] = state.center[h, j, i] = place.x[h, j]
                state.scaled[h, i, j] = state.scaled[h, j, i] = place.data[h, j] * state.kappa[h]
    for j in range(p):
        if j != i:
            state.shared[i, j] = state.shared[j, i] = place.v[j]
    for k in range(region.own.shape[0]):
        j = region.own[k]
        state.delta[g, i, j] = state.delta[g, j, i] = point[p + n_groups + k] - math.atanh(place.start[k])
    if prior.family == COMMON:
        state.scale[i] *= growth
        for j in range(p):
            state.pull[i, j] *= growth
            state.pull[j, i] *= growth
