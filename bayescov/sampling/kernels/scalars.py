"""One-dimensional draws that several blocks need."""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner

# Kinds of densities on the log scale. Not integers: numba compiles anew for every integer that is written out.
SPREAD, SIZE, SCALE, DOF, SHIFT, SYMMETRY = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
LARGEST_LOGIT = 16.0  # of a symmetry: beyond, left and right are the same number
LEAST_SHARE = 1e-12
LEAST = 20.0  # of the log weight below the largest, of a cell to propose from


@inner
def slice_sample(rng, kind, x, width, a, b, c, d, values):
    """One step of slice sampling from `x` on the log scale (Neal 2003), of the density that `kind`, a to d and `values` stand for.

    A function as an argument would be compiled in once for each, and could not be kept on disk.
    """
    level = log_density_of(kind, x, a, b, c, d, values) + math.log(1.0 - rng.random())
    if not level > -1e300:  # the numbers broke down, and no interval would ever be narrow enough
        return x
    left = x - width * rng.random()
    right = left + width
    for _ in range(40):
        if log_density_of(kind, left, a, b, c, d, values) < level:
            break
        left -= width
    for _ in range(40):
        if log_density_of(kind, right, a, b, c, d, values) < level:
            break
        right += width
    while True:
        new = left + (right - left) * rng.random()
        if log_density_of(kind, new, a, b, c, d, values) >= level:
            return new
        if new < x:
            left = new
        else:
            right = new


@inner
def log_density_of(kind, x, a, b, c, d, values):
    """The density by its kind."""
    if kind == SPREAD:
        return log_spread_density(x, a, b, c)
    if kind == SIZE:
        return log_size_density(x, a, b, c, d)
    if kind == SCALE:
        return log_scale_density(x, a, b, c)
    if kind == DOF:
        return log_dof_density(x, a, b, c, values)
    if kind == SYMMETRY:
        return log_symmetry_density(x, a, b, values)
    return log_shift_density(x, a, b, c, d, values)


@inner
def log_spread_density(log_s, count, squares, scale):
    """Log density of log s: `count` draws of Normal(0, s) with that sum of squares, s ~ HalfNormal(scale)."""
    return (
        (1.0 - count) * log_s
        - 0.5 * squares * math.exp(-2.0 * log_s)
        - 0.5 * math.exp(2.0 * log_s) / scale**2
    )


@inner
def draw_spread(rng, s, count, squares, scale):
    """Draw s, on the log scale."""
    return math.exp(slice_sample(rng, SPREAD, math.log(s), 1.0, count, squares, scale, 0.0, np.empty(0)))


@inner
def log_size_density(log_s, count, squares, log_median, width):
    """Log density of log s: `count` draws of Normal(0, s) with that sum of squares, log s ~ Normal(log_median, width)."""
    z = (log_s - log_median) / width
    return -count * log_s - 0.5 * squares * math.exp(-2.0 * log_s) - 0.5 * z * z


@inner
def draw_log_normal_spread(rng, s, count, squares, median, width):
    """Draw s, on the log scale, under a log-normal prior."""
    return math.exp(
        slice_sample(rng, SIZE, math.log(s), width, count, squares, math.log(median), width, np.empty(0))
    )


@inner
def draw_share(rng, a, b):
    """Draw from Beta(a, b), kept off its ends."""
    yes, no = rng.standard_gamma(a), rng.standard_gamma(b)
    return min(max(yes / (yes + no), LEAST_SHARE), 1.0 - LEAST_SHARE)


@inner
def log_scale_density(log_t, power, square, linear):
    """Log density of log t: t^power exp(-square t^2 / 2 - linear t)."""
    t = math.exp(log_t)
    return power * log_t - 0.5 * square * t * t - linear * t


@inner
def draw_scale(rng, t, power, square, linear):
    """Draw t, on the log scale."""
    return math.exp(slice_sample(rng, SCALE, math.log(t), 0.5, power, square, linear, 0.0, np.empty(0)))


@inner
def log_dof_density(log_excess, p, shape, rate, distances):
    """Log density of log(nu - 2) given every person's r' Omega r (n,), the weights integrated out; nu - 2 ~ Gamma."""
    excess = math.exp(log_excess)
    dof = 2.0 + excess
    each = math.lgamma(0.5 * (dof + p)) - math.lgamma(0.5 * dof) - 0.5 * p * math.log(dof)
    value = distances.shape[0] * each - 0.5 * (dof + p) * log_of_product(distances, dof)
    return value + shape * log_excess - rate * excess


@inner
def draw_dof(rng, dof, p, shape, rate, distances):
    """Draw the degrees of freedom, on the log scale of what they are above two."""
    x = math.log(dof - 2.0)
    return 2.0 + math.exp(slice_sample(rng, DOF, x, 1.0, p, shape, rate, 0.0, distances))


@inner
def log_shift_density(shift, kappa, n, linear, square, eigenvalues):
    """Log density of one group's data where its log D moves by `shift`, and of a normal prior on it; see `closeness`."""
    p = eigenvalues.shape[0]
    value = linear * shift - 0.5 * square * shift**2 - n * p * shift
    return value - 0.5 * (kappa + p + 1.0 + n) * log_of_product(eigenvalues, kappa * math.exp(2.0 * shift))


@inner
def draw_shift(rng, kappa, n, linear, square, eigenvalues):
    """Draw by how much a group's log D moves."""
    return slice_sample(rng, SHIFT, 0.0, 0.1, kappa, n, linear, square, eigenvalues)


@inner
def log_symmetry_density(logit, a, b, weights):
    """Log density of the logit of a symmetry c ~ Beta(a, b) given n pairs, their sums and their differences.

    `weights`: n, the sums' squares and the differences' squares over the variance.
    """
    if abs(logit) > LARGEST_LOGIT:
        return -np.inf
    c, left = 1.0 / (1.0 + math.exp(-logit)), 1.0 / (1.0 + math.exp(logit))
    value = a * math.log(c) + b * math.log(left) - 0.5 * weights[0] * math.log((1.0 + c) * left)
    return value - 0.5 * (weights[1] / (1.0 + c) + weights[2] / left)


@inner
def draw_symmetry(rng, c, a, b, weights):
    """Draw a symmetry, on the logit scale."""
    x = math.log(c / (1.0 - c))
    return 1.0 / (1.0 + math.exp(-slice_sample(rng, SYMMETRY, x, 2.0, a, b, 0.0, 0.0, weights)))


@inner
def log_of_product(values, unit):
    """Log of the product of 1 + value / unit over `values`."""
    total, factor = 0.0, 1.0
    for i in range(values.shape[0]):  # a logarithm costs as much as twenty products
        factor *= 1.0 + values[i] / unit
        if factor > 1e200:
            total += math.log(factor)
            factor = 1.0
    return total + math.log(factor)


@inner
def raise_cells(log_weights, cells):
    """Raise each of the first `cells` to within `LEAST` of the largest of all, so that every cell can be proposed."""
    top = -np.inf
    for c in range(log_weights.shape[0]):
        top = max(top, log_weights[c])
    for c in range(cells):
        log_weights[c] = max(log_weights[c], top - LEAST)


@inner
def draw_category(rng, log_weights, count):
    """A position drawn in proportion to exp(log_weights[:count]); its log probability beside it."""
    top = -np.inf
    for i in range(count):
        top = max(top, log_weights[i])
    total = 0.0
    for i in range(count):
        total += math.exp(log_weights[i] - top)
    left = rng.random() * total
    chosen = count - 1
    for i in range(count):
        left -= math.exp(log_weights[i] - top)
        if left <= 0.0:
            chosen = i
            break
    return chosen, top + math.log(total)
