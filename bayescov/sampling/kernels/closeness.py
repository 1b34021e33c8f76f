r"""kappa: how close each group's covariance stays to its centre, with Sigma_g integrated out.

With the eigenvalues of R*^-1 C known, the density at any kappa costs O(p), so kappa is proposed from the whole range
at once (a grid, uniform within a cell, and the atom at infinity) and corrected by Metropolis-Hastings. The gamma
functions on the grid are the same in every sweep; they come with the data. A small step follows.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into, invert_lower_into, product, transposed
from bayescov.sampling.kernels.scalars import draw_category, log_of_product

# kappa = infinity is computed as a million people: a group's correlations then stay within .001 of their centre.
INFINITE = 1e6
CELLS = 48
REACH = (
    5.0  # the grid covers so many prior SDs on either side, but not much more than what stands for infinity
)


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
def log_gammas(kappa, p, n):
    """What of the density does not depend on the data: log of the ratio of two multivariate gamma functions."""
    value = 0.0
    for i in range(p):
        value += math.lgamma(0.5 * (kappa + p + 1.0 + n - i)) - math.lgamma(0.5 * (kappa + p + 1.0 - i))
    return value


@inner
def log_closeness_density(kappa, eigenvalues, n, gammas):
    """Log density of one group's data as a function of kappa (constants in kappa dropped), given its `log_gammas`."""
    p = eigenvalues.shape[0]
    apart = 0.5 * (kappa + p + 1.0 + n) * log_of_product(eigenvalues, kappa)
    return gammas - apart - 0.5 * n * p * math.log(kappa)


@inner
def _log_posterior(log_kappa, eigenvalues, data, first, last, log_median, width):
    """Log density of kappa where it is finite."""
    value = -0.5 * ((log_kappa - log_median) / width) ** 2 - math.log(width * math.sqrt(2.0 * math.pi))
    kappa, p = math.exp(log_kappa), eigenvalues.shape[1]
    for g in range(first, last):
        n = data.sizes[g]
        value += log_closeness_density(kappa, eigenvalues[g], n, log_gammas(kappa, p, n))
    return value


@inner
def draw_closeness(rng, kappa, eigenvalues, first, last, data, prior):
    """Draw the kappa that groups `first` to `last` share."""
    log_median, width, atom = math.log(prior.kappa_median), prior.kappa_width, prior.kappa_atom
    log_kappas, gammas = data.log_kappas, data.gammas
    cells = log_kappas.shape[0]
    cell = log_kappas[1] - log_kappas[0]
    low = log_kappas[0] - 0.5 * cell
    weights = np.empty(cells + 1)
    for i in range(cells + 1):
        weights[i] = 0.0
        for g in range(first, last):
            at = math.exp(log_kappas[i]) if i < cells else INFINITE
            weights[i] += log_closeness_density(at, eigenvalues[g], data.sizes[g], gammas[g, i])
        if i < cells:
            weights[i] += math.log1p(-atom) + math.log(cell) - math.log(width * math.sqrt(2.0 * math.pi))
            weights[i] -= 0.5 * ((log_kappas[i] - log_median) / width) ** 2
        else:
            weights[i] += math.log(atom) if atom > 0.0 else -np.inf
    chosen, _ = draw_category(rng, weights, cells + 1)

    # Log of (target density / proposal density), up to one constant, at the current and at the proposed value.
    # The atom is proposed with exactly its weight: its ratio is one.
    current = math.log(kappa)
    if atom > 0.0 and kappa == INFINITE:
        current_ratio = 0.0
    else:
        i = math.floor((current - low) / cell)
        if i < 0 or i >= cells:
            current_ratio = np.inf  # cannot be proposed: only the step below moves it
        else:
            exact = _log_posterior(current, eigenvalues, data, first, last, log_median, width)
            current_ratio = exact + math.log1p(-atom) + math.log(cell) - weights[i]
    if chosen == cells:
        if math.log(1.0 - rng.random()) < -current_ratio:
            kappa = INFINITE
    else:
        new = low + (chosen + rng.random()) * cell
        exact = _log_posterior(new, eigenvalues, data, first, last, log_median, width)
        ratio = exact + math.log1p(-atom) + math.log(cell) - weights[chosen]
        if math.log(1.0 - rng.random()) < ratio - current_ratio:
            kappa = math.exp(new)
    # And a step from wherever that led, for what lies outside the grid. Always: if only what was rejected took it, how often it is
    # taken would hang on where the chain is, and the posterior would come out too narrow.
    if not (atom > 0.0 and kappa == INFINITE):
        current = math.log(kappa)
        new = current + 0.5 * width * rng.standard_normal()
        change = _log_posterior(new, eigenvalues, data, first, last, log_median, width)
        change -= _log_posterior(current, eigenvalues, data, first, last, log_median, width)
        if math.log(1.0 - rng.random()) < change:
            return math.exp(new)
    return kappa
