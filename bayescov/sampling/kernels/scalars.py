"""One-dimensional draws that several blocks need."""

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def normal_above_zero(rng, mean, sd):
    """Normal(mean, sd) conditioned on being positive (Robert 1995)."""
    low = -mean / sd
    if low < 0.5:
        while True:
            z = rng.standard_normal()
            if z > low:
                return mean + sd * z
    rate = 0.5 * (low + math.sqrt(low * low + 4.0))
    while True:
        z = low - math.log(1.0 - rng.random()) / rate
        if rng.random() <= math.exp(-0.5 * (z - rate) ** 2):
            return mean + sd * z


@njit(cache=True, nogil=True, error_model="numpy")
def log_spread_density(log_s, count, squares, scale):
    """Log density of log s: `count` draws of Normal(0, s) with that sum of squares, s ~ HalfNormal(scale)."""
    return (
        (1.0 - count) * log_s
        - 0.5 * squares * math.exp(-2.0 * log_s)
        - 0.5 * math.exp(2.0 * log_s) / scale**2
    )


@njit(cache=True, nogil=True, error_model="numpy")
def draw_spread(rng, s, count, squares, scale):
    """Slice sampling of s on the log scale (Neal 2003)."""
    x = math.log(s)
    level = log_spread_density(x, count, squares, scale) + math.log(1.0 - rng.random())
    width = 1.0
    left = x - width * rng.random()
    right = left + width
    for _ in range(40):
        if log_spread_density(left, count, squares, scale) < level:
            break
        left -= width
    for _ in range(40):
        if log_spread_density(right, count, squares, scale) < level:
            break
        right += width
    while True:
        new = left + (right - left) * rng.random()
        if log_spread_density(new, count, squares, scale) >= level:
            return math.exp(new)
        if new < x:
            left = new
        else:
            right = new


@njit(cache=True, nogil=True, error_model="numpy")
def log_size_density(log_s, count, squares, log_median, width):
    """Log density of log s: `count` draws of Normal(0, s) with that sum of squares, log s ~ Normal(log_median, width)."""
    z = (log_s - log_median) / width
    return -count * log_s - 0.5 * squares * math.exp(-2.0 * log_s) - 0.5 * z * z


@njit(cache=True, nogil=True, error_model="numpy")
def draw_log_normal_spread(rng, s, count, squares, median, width):
    """Slice sampling of s on the log scale under a log-normal prior."""
    x = math.log(s)
    center = math.log(median)
    level = log_size_density(x, count, squares, center, width) + math.log(1.0 - rng.random())
    left = x - width * rng.random()
    right = left + width
    for _ in range(40):
        if log_size_density(left, count, squares, center, width) < level:
            break
        left -= width
    for _ in range(40):
        if log_size_density(right, count, squares, center, width) < level:
            break
        right += width
    while True:
        new = left + (right - left) * rng.random()
        if log_size_density(new, count, squares, center, width) >= level:
            return math.exp(new)
        if new < x:
            left = new
        else:
            right = new


@njit(cache=True, nogil=True, error_model="numpy")
def log_dof_density(log_excess, n, sum_log_minus_weight, shape, rate):
    """Log density of log(nu - 2) given weights w_i ~ Gamma(nu/2, nu/2); second to last argument: sum(log w - w)."""
    excess = math.exp(log_excess)
    half = 0.5 * (2.0 + excess)
    value = n * (half * math.log(half) - math.lgamma(half)) + half * sum_log_minus_weight
    return value + shape * log_excess - rate * excess


@njit(cache=True, nogil=True, error_model="numpy")
def draw_dof(rng, dof, n, sum_log_minus_weight, shape, rate):
    """Slice sampling of the degrees of freedom."""
    x = math.log(dof - 2.0)
    level = log_dof_density(x, n, sum_log_minus_weight, shape, rate) + math.log(1.0 - rng.random())
    left = x - rng.random()
    right = left + 1.0
    for _ in range(40):
        if log_dof_density(left, n, sum_log_minus_weight, shape, rate) < level:
            break
        left -= 1.0
    for _ in range(40):
        if log_dof_density(right, n, sum_log_minus_weight, shape, rate) < level:
            break
        right += 1.0
    while True:
        new = left + (right - left) * rng.random()
        if log_dof_density(new, n, sum_log_minus_weight, shape, rate) >= level:
            return 2.0 + math.exp(new)
        if new < x:
            left = new
        else:
            right = new


@njit(cache=True, nogil=True, error_model="numpy")
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
