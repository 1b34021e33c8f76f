"""Log density of each person given the parameters and the other people of the group, the covariance integrated out.

With A = kappa S* + S_g, less a person's own part, the person's volumes follow a multivariate t with kappa + n_g + 1
degrees of freedom. Under a Student likelihood it is averaged over the person's weight; of a person with missing
volumes, it is the density of those seen. So a person can be left out whole: own volumes, own weight, own imputations.
"""

import math

import numpy as np

from bayescov.sampling.kernels.closeness import INFINITE
from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into

__all__ = ["leave_one_out"]

# The logarithm of a weight is integrated over this grid; the integrand is smooth and vanishes at both ends. With many degrees
# of freedom it is narrow, and the grid finer: a step is an SD of its largest part at most, which is exact to eight digits.
LOWEST, HIGHEST, STEP = -9.0, 3.5, 0.1
NEGLIGIBLE = 40.0  # left out of the integral: what is below its largest part by so much on the log scale


@inner
def leave_one_out(center, log_d, kappa, scatter, residuals, weight, missing, dof, codes, sizes, out):
    """`out` (subject,): one value a person; NaN where a matrix is not positive definite.

    `scatter` is weighted by `weight`; `dof` is that of the Student likelihood, infinite for the normal.
    """
    n_groups, p = log_d.shape
    n = residuals.shape[0]
    whole = np.empty((p, p))
    root = np.empty((p, p))
    r = np.empty(p)
    for g in range(n_groups):
        infinite = kappa[g] >= INFINITE
        for i in range(p):
            for j in range(p):
                prior = center[g, i, j] * math.exp(log_d[g, i] + log_d[g, j])
                whole[i, j] = prior if infinite else kappa[g] * prior + scatter[g, i, j]
        definite = cholesky_into(whole, root)
        of_all = half_log_det(root, p) if definite else math.nan
        for s in range(n):
            if codes[s] != g:
                continue
            seen = take_seen(residuals[s], missing[s], r)
            if seen == 0:
                out[s] = 0.0
                continue
            if seen == p:
                # Taking r r' out of A divides its determinant by 1 - h and r' A^-1 r by 1 - h.
                distance, half = squared_length(root, r, p), of_all
                if not infinite:
                    rest = 1.0 - weight[s] * distance
                    distance, half = distance / rest, half + 0.5 * math.log(rest)
            else:
                own = 0.0 if infinite else weight[s]
                part = without(whole, residuals[s], own, missing[s], seen)
                root_of_one = np.empty((seen, seen))
                half = half_log_det(root_of_one, seen) if cholesky_into(part, root_of_one) else math.nan
                distance = squared_length(root_of_one, r, seen)
            shape = math.inf if infinite else kappa[g] + sizes[g] + 1.0
            out[s] = averaged(distance, seen, shape, dof) - half


@inner
def take_seen(residuals, missing, out):
    """The residuals of the volumes seen to the front of `out`; how many they are."""
    seen = 0
    for j in range(residuals.shape[0]):
        if not missing[j]:
            out[seen] = residuals[j]
            seen += 1
    return seen


@inner
def without(whole, residuals, own, missing, seen):
    """`whole` less a person's own part, at the volumes seen."""
    p = whole.shape[0]
    part = np.empty((seen, seen))
    a = 0
    for i in range(p):
        if missing[i]:
            continue
        b = 0
        for j in range(p):
            if missing[j]:
                continue
            part[a, b] = whole[i, j] - own * residuals[i] * residuals[j]
            b += 1
        a += 1
    return part


@inner
def half_log_det(root, size):
    """Half the log determinant of the matrix whose Cholesky factor is `root`."""
    total = 0.0
    for i in range(size):
        total += math.log(root[i, i])
    return total


@inner
def squared_length(root, r, size):
    """``r' A^-1 r`` from the Cholesky factor of A."""
    white = np.empty(size)
    total = 0.0
    for i in range(size):
        t = r[i]
        for j in range(i):
            t -= root[i, j] * white[j]
        white[i] = t / root[i, i]
        total += white[i] * white[i]
    return total


@inner
def averaged(distance, size, shape, dof):
    """Log density without its determinant: over the covariance (`shape`) and over the person's weight (`dof`)."""
    if dof == math.inf:
        return given_weight(distance, size, shape)
    if shape == math.inf:
        constant = (
            math.lgamma((dof + size) / 2.0) - math.lgamma(dof / 2.0) - size / 2.0 * math.log(dof * math.pi)
        )
        return constant - (dof + size) / 2.0 * math.log1p(distance / dof)
    constant = dof / 2.0 * math.log(dof / 2.0) - math.lgamma(dof / 2.0) + given_weight(0.0, size, shape)
    step = min(STEP, math.sqrt(2.0 / (dof + size)))
    steps = int((HIGHEST - LOWEST) / step) + 1
    # A log weight's prior times its power from the determinant rises up to one point and falls beyond it; the distance
    # only makes it fall. So sum outwards from that point, to either side until nothing is left.
    peak = min(max(int((math.log1p(size / dof) - LOWEST) / step), 0), steps - 1)
    largest, total = -math.inf, 0.0
    for way in (-1, 1):
        k = peak if way < 0 else peak + 1
        while 0 <= k < steps:
            u = LOWEST + k * step
            w = math.exp(u)
            bound = 0.5 * (dof * (u - w) + size * u)
            value = bound - 0.5 * (shape + size) * math.log1p(w * distance)
            if (bound if way < 0 else value) < largest - NEGLIGIBLE:
                break
            if value > largest:
                total = total * math.exp(largest - value) + 1.0
                largest = value
            else:
                total += math.exp(value - largest)
            k += way
    return constant + largest + math.log(total * step)


@inner
def given_weight(distance, size, shape):
    """Normal, or t with the scatter in place of the covariance."""
    if shape == math.inf:
        return -0.5 * distance - size / 2.0 * math.log(2.0 * math.pi)
    constant = math.lgamma((shape + size) / 2.0) - math.lgamma(shape / 2.0) - size / 2.0 * math.log(math.pi)
    return constant - (shape + size) / 2.0 * math.log1p(distance)
