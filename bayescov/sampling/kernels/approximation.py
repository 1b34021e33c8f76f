r"""A normal approximation of a region's point (`region`) for what the region keeps, whatever the point is.

Newton's method for the mode, with Fisher's information. But what is left of each variance is taken as it is on average over the
approximation, not at its middle: with 68 regions the noise of a row explains as much as the row does, and draws are far from the
mode. That noise is about in proportion to what is left, and taken so: left (1 + noise / left) = 1 - x' Q x.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into, times
from bayescov.sampling.kernels.region import away_of_sd, form_of, go_to, weight_of_prior

SHORTEST = 0.01  # part of a step
LEAST = 0.3  # of what is left of a variance, after a step, and on average
STEEPEST = 0.99  # where Fisher's z is still told from where an edge departs


@inner
def approximate(steps, a, g, i, region, data, prior, state, place, point, spread):
    """So many steps from `point` and `spread` (d, d), the covariance (0: none yet), both of which move; whether all went well."""
    n_groups, d = region.slope.shape[0], point.shape[0]
    precision, work, work2 = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    gradient, step, trial, average = np.empty(d), np.zeros(d), np.empty(d), np.zeros(n_groups)
    left, part, done = np.zeros(2 * n_groups), 1.0, 0
    while True:  # one loop over steps and their parts, so that the code for a place is compiled in once
        for k in range(d):
            trial[k] = point[k] + part * step[k]
        s = go_to(trial, a, g, i, trace_of(region.rest[0], spread), region, state, place)
        far = False
        for m in range(2 * n_groups):
            far = far or not place.left[m] > LEAST * left[m]
        if far and part > SHORTEST and done > 0:
            part *= 0.5
            continue
        for k in range(d):
            point[k] = trial[k]
        if done == steps:
            return True
        for m in range(2 * n_groups):
            left[m] = place.left[m]
        lessen_left(s, g, region, spread, average, place, work)
        slope_and_curvature(s, point, g, i, region, data, prior, state, place, gradient, precision)
        if not invert_spd_into(precision, spread, work, work2) > -1e300:
            return False
        times(spread, gradient, step)
        part = 1.0
        done += 1


@inner
def trace_of(matrix, spread):
    """The trace of a symmetric matrix times a covariance, as far as the first goes."""
    value = 0.0
    for j in range(matrix.shape[0]):
        one, other = matrix[j], spread[j]
        for k in range(matrix.shape[0]):
            value += one[k] * other[k]
    return value


@inner
def lessen_left(s, g, region, spread, average, place, work):
    """What is left of the variances in the centres, on average (`average`, from the step before), and the more with the data."""
    n_groups, p, n_own = region.slope.shape[0], region.slope.shape[1], region.own.shape[0]
    first, bend, lost = p + n_groups, np.empty(p), np.empty(2 * n_groups)
    turn_row(s, place.v, place.w, spread, work)
    for m in range(2 * n_groups):
        h, noise, matrix = m % n_groups, 0.0, region.rest[1 + m]
        bend_along_row(h, g, region, place, bend)
        for j in range(p):
            inside = 0.0
            for k in range(p):
                inside += matrix[j, k] * work[j, k] * bend[k]
            noise += bend[j] * inside
        for k in range(n_own if h == g else 0):
            o, inside = region.own[k], 0.0
            for j in range(p):
                inside += 2.0 * matrix[o, j] * work[first + k, j] * bend[j]
            for b in range(n_own):
                inside += matrix[o, region.own[b]] * work[first + k, first + b] * place.bend[h, region.own[b]]
            noise += place.bend[h, o] * inside
        lost[m] = noise
    for h in range(n_groups):
        left, more = place.left[h], place.left[n_groups + h] - place.left[h]
        if average[h] == 0.0:
            average[h] = left
        average[h] = max(left / (1.0 + lost[h] / average[h]), LEAST * left)
        place.left[h] = average[h]
        place.left[n_groups + h] = average[h] + more + lost[h] - lost[n_groups + h]


@inner
def turn_row(s, against, by, matrix, out):
    """J M J', with J = sqrt(s) (1 - against by') of the row's elements, and 1 of what else is in the point; `out` may be the matrix.

    dv = sqrt(s) (1 - v w') d eta: against v by w a covariance of eta becomes one of v, against w by v an information of v one of eta.
    """
    p, d = by.shape[0], matrix.shape[0]
    along, both, root = np.zeros(d), 0.0, math.sqrt(s)
    for j in range(p):
        for k in range(d):
            along[k] += by[j] * matrix[j, k]
    for j in range(p):
        both += by[j] * along[j]
    for j in range(d):
        x, first = (against[j], root) if j < p else (0.0, 1.0)
        for k in range(d):
            y, second = (against[k], root) if k < p else (0.0, 1.0)
            out[j, k] = first * second * (matrix[j, k] - x * along[k] - along[j] * y + both * x * y)


@inner
def bend_along_row(h, g, region, place, bend):
    """The slope of a centre's row along v: none where an own edge departs."""
    for j in range(bend.shape[0]):
        bend[j] = place.bend[h, j]
    for k in range(region.own.shape[0] if h == g else 0):
        bend[region.own[k]] = 0.0


@inner
def slope_and_curvature(s, point, g, i, region, data, prior, state, place, gradient, precision):
    """The gradient of the log density at the point that `place` is about, and the information as its curvature."""
    n_groups, p, d = region.slope.shape[0], region.slope.shape[1], point.shape[0]
    slope = np.zeros(d)
    for j in range(d):
        for k in range(d):
            precision[j, k] = 0.0
    for h in range(n_groups):
        add_group(h, g, region, data.sizes[h], state.kappa[h], place, slope, precision)
        add_prior_of_sd(h, point, prior, state, slope, precision)
    for k in range(region.own.shape[0]):
        add_departure(k, region.own[k], p + n_groups + k, point, state.size[g], place, slope, precision)
    # From v to eta.
    turn_row(s, place.w, place.v, precision, precision)
    up, root, image = 0.0, math.sqrt(s), np.empty(p)
    for j in range(p):
        up += place.v[j] * slope[j]
    for j in range(d):
        gradient[j] = root * (slope[j] - place.w[j] * up) if j < p else slope[j]
    form_of(region.prior, point[:p], image)
    weight = weight_of_prior(s, p, prior)
    for j in range(p):
        gradient[j] += region.linear[j] - weight * image[j]
        for k in range(p):
            precision[j, k] += weight * region.prior[j, k]
    precision[i, i] = 1.0  # nothing stands there


@inner
def add_group(h, g, region, n, kappa, place, slope, precision):
    """Of a group's people. The information is that of a regression of the region on all others, in units that are not known."""
    n_groups, p, n_own = region.slope.shape[0], region.slope.shape[1], region.own.shape[0]
    nu, first, second = kappa + p + 1.0, place.left[h], place.left[n_groups + h]
    one, other, bend = place.image[h], place.image[n_groups + h], np.empty(p)
    bare, with_data = region.rest[1 + h], region.rest[1 + n_groups + h]
    informed = nu * n / (nu + n)
    by_rest, by_image = nu / first, 2.0 * informed / first**2
    bend_along_row(h, g, region, place, bend)
    residual, explained, sd = place.corner[h], 0.0, p + h
    for j in range(p):
        slope[j] += bend[j] * ((nu + n) * other[j] / second - nu * one[j] / first)
        a, b = by_rest * bend[j], by_image * bend[j] * one[j]
        for k in range(p):
            precision[j, k] += bend[k] * (a * (bare[j, k] - with_data[j, k]) + b * one[k])
        mixed = -informed * bend[j] * one[j] / first
        precision[sd, j] += mixed
        precision[j, sd] += mixed
        residual -= place.data[h, j] * other[j]
        explained += place.x[h, j] * one[j]
    slope[sd] += (nu + n) * residual / second - n
    precision[sd, sd] += informed * (explained / first + 2.0)
    for k in range(n_own if h == g else 0):
        o, at = region.own[k], p + n_groups + k
        own_bend = place.bend[h, o]
        slope[at] += own_bend * ((nu + n) * other[o] / second - nu * one[o] / first)
        a, b = by_rest * own_bend, by_image * own_bend * one[o]
        mixed = -informed * own_bend * one[o] / first
        precision[sd, at] += mixed
        precision[at, sd] += mixed
        for j in range(p):
            mixed = bend[j] * (a * (bare[o, j] - with_data[o, j]) + b * one[j])
            precision[at, j] += mixed
            precision[j, at] += mixed
        for m in range(n_own):
            j = region.own[m]
            mixed = a * (bare[o, j] - with_data[o, j]) + b * one[j]
            precision[at, p + n_groups + m] += place.bend[h, j] * mixed


@inner
def add_prior_of_sd(h, point, prior, state, slope, precision):
    """Of the controls' log D_i, or of its difference to that of a group."""
    p = state.center.shape[1]
    away, unit = away_of_sd(h, point, prior, state)
    tie = unit**-2
    slope[p + h] -= away / unit
    precision[p + h, p + h] += tie
    if h > 0:
        slope[p] += away / unit
        precision[p, p] += tie
        precision[p, p + h] -= tie
        precision[p + h, p] -= tie


@inner
def add_departure(k, o, at, point, size, place, slope, precision):
    """Of the size of a departure, which ties the own z to where it starts from."""
    start, tie = min(max(place.start[k], -STEEPEST), STEEPEST), size**-2
    steep, away = place.steep[k] / (1.0 - start * start), tie * (point[at] - math.atanh(start))
    slope[o] += steep * away
    slope[at] -= away
    precision[o, o] += steep * steep * tie
    precision[at, at] += tie
    precision[o, at] -= steep * tie
    precision[at, o] -= steep * tie
