r"""kappa: how close each group's covariance stays to its centre, with Sigma_g integrated out.

With the eigenvalues of R*^-1 C known, the density at any kappa costs O(p), so kappa is proposed from the whole range
at once (a grid, uniform within a cell, and the atom at infinity) and corrected by Metropolis-Hastings.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.linalg import cholesky_into, invert_lower_into, product, transposed
from bayescov.sampling.kernels.scalars import draw_category

# kappa = infinity is computed as a million people: a group's correlations then stay within .001 of their centre.
INFINITE = 1e6
CELLS = 48


@inner
def relative_eigenvalues(center, scatter, log_d, factor, inverse, out):
    """Eigenvalues of R*^-1 C, C the scatter in units of D, into `out`; NaN where R* is not positive definite."""
    p = center.shape[0]
    if not cholesky_into(center, factor):
        for j in range(p):
            out[j] = np.nan
        return
    invert_lower_into(factor, inverse)
    scaled = np.empty((p, p))
    for i in range(p):
        for j in range(p):
            scaled[i, j] = scatter[i, j] * math.exp(-log_d[i] - log_d[j])
    values = np.linalg.eigvalsh(product(product(inverse, scaled), transposed(inverse)))
    for j in range(p):
        out[j] = max(values[j], 0.0)


@inner
def log_closeness_density(log_kappa, eigenvalues, n):
    """Log density of one group's data as a function of kappa (constants in kappa dropped)."""
    kappa = math.exp(log_kappa)
    p = eigenvalues.shape[0]
    nu = kappa + p + 1.0
    value = -0.5 * n * p * log_kappa
    for i in range(p):
        value -= 0.5 * (nu + n) * math.log1p(eigenvalues[i] / kappa)
        value += math.lgamma(0.5 * (nu + n - i)) - math.lgamma(0.5 * (nu - i))
    return value


@inner
def _log_posterior(log_kappa, eigenvalues, sizes, first, last, log_median, width):
    value = -0.5 * ((log_kappa - log_median) / width) ** 2 - math.log(width * math.sqrt(2.0 * math.pi))
    for g in range(first, last):
        value += log_closeness_density(log_kappa, eigenvalues[g], sizes[g])
    return value


@part
def draw_closeness(rng, kappa, eigenvalues, sizes, first, last, median, width, atom):
    """Draw the kappa that groups `first` to `last` share."""
    log_median = math.log(median)
    low = log_median - 5.0 * width
    high = min(log_median + 5.0 * width, math.log(INFINITE) + 2.0)
    cell = (high - low) / CELLS
    weights = np.empty(CELLS + 1)
    for i in range(CELLS):
        x = low + (i + 0.5) * cell
        weights[i] = _log_posterior(x, eigenvalues, sizes, first, last, log_median, width)
        weights[i] += math.log1p(-atom) + math.log(cell)
    count = CELLS
    at_infinity = -np.inf
    if atom > 0.0:
        at_infinity = math.log(atom)
        for g in range(first, last):
            at_infinity += log_closeness_density(math.log(INFINITE), eigenvalues[g], sizes[g])
        weights[CELLS] = at_infinity
        count += 1
    chosen, _ = draw_category(rng, weights, count)

    # Log of (target density / proposal density), up to one constant, at the current and at the proposed value.
    # The atom is proposed with exactly its weight: its ratio is one.
    current = math.log(kappa)
    if atom > 0.0 and kappa == INFINITE:
        current_ratio = 0.0
    else:
        i = math.floor((current - low) / cell)
        if i < 0 or i >= CELLS:
            current_ratio = np.inf  # cannot be proposed: only the random walk below moves it
        else:
            exact = _log_posterior(current, eigenvalues, sizes, first, last, log_median, width)
            current_ratio = exact + math.log1p(-atom) + math.log(cell) - weights[i]
    if chosen == CELLS:
        if math.log(1.0 - rng.random()) < -current_ratio:
            return INFINITE
    else:
        new = low + (chosen + rng.random()) * cell
        exact = _log_posterior(new, eigenvalues, sizes, first, last, log_median, width)
        ratio = exact + math.log1p(-atom) + math.log(cell) - weights[chosen]
        if math.log(1.0 - rng.random()) < ratio - current_ratio:
            return math.exp(new)
    if not (atom > 0.0 and kappa == INFINITE):
        new = current + 0.5 * width * rng.standard_normal()
        change = _log_posterior(new, eigenvalues, sizes, first, last, log_median, width) - _log_posterior(
            current, eigenvalues, sizes, first, last, log_median, width
        )
        if math.log(1.0 - rng.random()) < change:
            return math.exp(new)
    return kappa
