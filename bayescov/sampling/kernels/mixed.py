r"""Coordinates in which the departures of a group know no wall: partial correlations in place of correlations.

Where edges of a group depart, its R*_g has elements of its own there and those that R_0 leads it to everywhere else. Near
a singular matrix such an element has hardly any room, and the room depends on all others, so that trajectories in R_0 and
departures had to take steps for the narrowest place. Instead of the elements that depart take those of the inverse there,
omega: with the other elements given, every omega has exactly one positive definite completion (Dempster 1972), so there
is no wall, and what the people say of omega is independent of what they say of the other elements, to first order
(mixed coordinates of an exponential family, Barndorff-Nielsen 1978). On the scale

    zeta = asinh(omega / unit)

n people tell of it by about n / 2 to n, wherever it is.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import (
    cholesky_into,
    copy_into,
    invert_spd_into,
    product,
    solve_lower,
    solve_lower_transposed,
    transposed,
)
from bayescov.sampling.kernels.shared import start_of

MOST_STEPS = (
    500  # of Newton's method; a trajectory needs a few for each of its steps, a far beginning up to 150
)
CLOSE = 1e-8  # the last step is of second order: what remains is beyond rounding


@inner
def find_center(
    shared, shared_inverse, shared_logdet, coupling, attenuation, edges, zeta, unit, delta, center, center_inverse, work, work2,
):  # fmt: skip
    """R*_g of a group whose `edges` (edge, 3) depart to `zeta`, with its inverse; returns its log determinant, NaN if there is none.

    `delta` (p, p) on Fisher's scale says where to look first, and takes what was found. Where a negative coupling alone leaves
    no positive definite matrix, none is looked for.
    """
    p, count = shared.shape[0], edges.shape[0]
    copy_into(shared, center)
    copy_into(shared_inverse, center_inverse)
    logdet = shared_logdet
    whole = True
    for i in range(p):
        whole = whole and attenuation[i] == 1.0
    if coupling != 0.0 or not whole:
        for i in range(p):
            for j in range(i):
                kept = attenuation[i] * attenuation[j]
                center[i, j] = center[j, i] = start_of(shared[i, j], coupling, kept)
        logdet = invert_spd_into(center, center_inverse, work, work2)
    if count == 0 or not logdet > -1e200:
        return logdet
    omega, departing = np.empty(count), np.empty(count)
    for e in range(count):
        i, j = edges[e, 1], edges[e, 2]
        omega[e] = unit[i, j] * math.sinh(zeta[e])
        departing[e] = math.tanh(math.atanh(center[i, j]) + delta[i, j]) - center[i, j]
    if not complete(center_inverse, edges, omega, departing):
        return np.nan
    for e in range(count):
        i, j = edges[e, 1], edges[e, 2]
        start = math.atanh(center[i, j])
        center[i, j] = center[j, i] = center[i, j] + departing[e]
        delta[i, j] = delta[j, i] = math.atanh(center[i, j]) - start
    return invert_spd_into(center, center_inverse, work, work2)


@inner
def slopes_of_departures(edges, zeta, unit, size, delta, center, center_inverse, slope, slope_zeta):
    """Log prior density of a group's departures as one of their zetas, Jacobian and all; and slopes of the whole density.

    `slope` (p, p) comes as that of the people along the elements of R*_g, and leaves, zeta held, as that of the whole along
    those that R_0 and the coupling lead to; `slope_zeta` (edge,) takes the slopes along zeta.
    """
    count, value = edges.shape[0], 0.0
    beside = np.empty(count)
    for e in range(count):
        i, j = edges[e, 1], edges[e, 2]
        z, less = delta[i, j] / size, 1.0 - center[i, j] ** 2
        value += math.log(math.cosh(zeta[e]) / less) - 0.5 * z * z
        beside[e] = (2.0 * center[i, j] - z / size) / less
    value += pull_back(slope, center_inverse, edges, beside, slope_zeta)
    for e in range(count):
        i, j = edges[e, 1], edges[e, 2]
        slope_zeta[e] = slope_zeta[e] * unit[i, j] * math.cosh(zeta[e]) + math.tanh(zeta[e])
        start = math.tanh(math.atanh(center[i, j]) - delta[i, j])
        slope[i, j] = slope[j, i] = 0.5 * delta[i, j] / size**2 / (1.0 - start**2)
    return value


@inner
def regions_touched(edges, p):
    """The regions of a group's edges (edge, 3), and where among them each edge begins and ends, (edge, 2)."""
    place, touched = np.full(p, -1), np.empty(p, np.int64)
    ends, count = np.empty((edges.shape[0], 2), np.int64), 0
    for e in range(edges.shape[0]):
        for side in range(2):
            region = edges[e, 1 + side]
            if place[region] < 0:
                place[region] = count
                touched[count] = region
                count += 1
            ends[e, side] = place[region]
    return touched[:count], ends


@inner
def curvature_into(inverse, ends, out):
    """By how much each omega falls where each element rises, (edge, edge)."""
    for a in range(ends.shape[0]):
        for b in range(a + 1):
            i, j, k, m = ends[a, 0], ends[a, 1], ends[b, 0], ends[b, 1]
            out[a, b] = inverse[i, k] * inverse[j, m] + inverse[i, m] * inverse[j, k]
            out[b, a] = out[a, b]


@inner
def complete(base_inverse, edges, omega, x):
    """Find by how much each of a group's edges departs from `base` so that the inverse has `omega` there.

    `x` holds where to begin, and takes what was found. Everything happens in the covariance of the regions touched given
    all others. Newton's method on a self-concordant function, -log det + 2 omega x. False: nothing was found.
    """
    touched, ends = regions_touched(edges, base_inverse.shape[0])
    t, k = touched.shape[0], x.shape[0]
    start, moved, inverse = np.empty((t, t)), np.empty((t, t)), np.empty((t, t))
    work, work2 = np.empty((t, t)), np.empty((t, t))
    curvature, factor, step = np.empty((k, k)), np.empty((k, k)), np.empty(k)
    for a in range(t):
        for b in range(t):
            moved[a, b] = base_inverse[touched[a], touched[b]]
    if not invert_spd_into(moved, start, work, work2) > -1e200:
        return False
    for trial in range(MOST_STEPS):
        for a in range(t):
            for b in range(t):
                moved[a, b] = start[a, b]
        for e in range(k):
            moved[ends[e, 0], ends[e, 1]] += x[e]
            moved[ends[e, 1], ends[e, 0]] += x[e]
        if not invert_spd_into(moved, inverse, work, work2) > -1e200:
            if trial > 0:
                return False
            for e in range(k):  # the beginning will not do
                x[e] = 0.0
            continue
        curvature_into(inverse, ends, curvature)
        if not cholesky_into(curvature, factor):
            return False
        for e in range(k):
            step[e] = inverse[ends[e, 0], ends[e, 1]] - omega[e]
        solve_lower(factor, step)
        square = 0.0
        for e in range(k):
            square += 2.0 * step[e] ** 2
        solve_lower_transposed(factor, step)
        decrement = math.sqrt(square)
        damped = 1.0 if decrement < 0.3 else 1.0 / (1.0 + decrement)
        for e in range(k):
            x[e] += damped * step[e]
        if decrement < CLOSE:
            return True
    return False


@inner
def pull_back(slope, inverse, edges, own, slope_own):
    """Slopes along R_0's elements and the departing ones to slopes along R_0's and omega, with the log Jacobian.

    `slope` (p, p) along the elements of R*_g, its diagonal nothing, in place: with omega held, the departing ones follow the
    others; they themselves are left at zero. `own` (edge,) is what the departing elements have of slope beside it;
    `slope_own` takes the slopes along omega. Returns the log determinant of the departing elements by omega.
    """
    p, k = inverse.shape[0], edges.shape[0]
    touched, ends = regions_touched(edges, p)
    t = touched.shape[0]
    narrow, among = np.empty((p, t)), np.empty((t, t))
    for b in range(t):
        for i in range(p):
            narrow[i, b] = inverse[i, touched[b]]
        for a in range(t):
            among[a, b] = inverse[touched[a], touched[b]]
    curvature, factor = np.empty((k, k)), np.empty((k, k))
    work, less = np.empty((k, k)), np.empty((k, k))
    curvature_into(among, ends, curvature)
    log_det = invert_spd_into(curvature, less, factor, work)
    # Of -log det curvature along the inverse, and so along the elements.
    along = np.zeros((t, t))
    for a in range(k):
        for b in range(k):
            i, j, m, n = ends[a, 0], ends[a, 1], ends[b, 0], ends[b, 1]
            along[i, m] -= less[a, b] * among[j, n]
            along[j, n] -= less[a, b] * among[i, m]
            along[i, n] -= less[a, b] * among[j, m]
            along[j, m] -= less[a, b] * among[i, n]
    of_edges = product(among, product(along, among))
    for e in range(k):
        i, j = ends[e, 0], ends[e, 1]
        slope_own[e] = own[e] + 2.0 * (slope[touched[i], touched[j]] - of_edges[i, j])
    for a in range(k):
        pulled = 0.0
        for b in range(k):
            pulled += less[a, b] * slope_own[b]
        work[0, a] = pulled
    for e in range(k):
        slope_own[e] = -work[0, e]
        along[ends[e, 0], ends[e, 1]] += 0.5 * work[0, e]
        along[ends[e, 1], ends[e, 0]] += 0.5 * work[0, e]
    taken = product(product(narrow, along), transposed(narrow))
    for i in range(p):
        for j in range(p):
            if i != j:
                slope[i, j] -= taken[i, j]
    for e in range(k):
        slope[edges[e, 1], edges[e, 2]] = 0.0
        slope[edges[e, 2], edges[e, 1]] = 0.0
    return -log_det
