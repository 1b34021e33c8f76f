"""Single-edge departures Delta of each patient group from the shared matrix, with Sigma_g integrated out.

Changing one element of R*_g changes its determinant, and that of R*_g + C / kappa, by a few operations (`updates`). An
edge's indicator and size are proposed together, from a grid over all admissible values (uniform within a cell) and the
spike, and corrected by Metropolis-Hastings; an accepted move costs O(p^2). The share pi_g is integrated out as well:
given pi_g the number of departures could only creep.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner, part
from bayescov.sampling.kernels.linalg import invert_spd_into
from bayescov.sampling.kernels.scalars import HALF_LOG_TWO_PI, draw_category, draw_log_normal_spread
from bayescov.sampling.kernels.shared import add_data_into
from bayescov.sampling.kernels.updates import log_det_change, move_inverse

CELLS = 16


@inner
def edge_density(d, nu, n, k, m, i, j):
    """Change of a group's collapsed log density when element (i, j) of its centre moves by d."""
    first = log_det_change(d, k[i, i], k[i, j], k[j, j])
    if first == -np.inf:
        return -np.inf
    second = log_det_change(d, m[i, i], m[i, j], m[j, j])
    if second == -np.inf:
        return -np.inf
    return 0.5 * nu * first - 0.5 * (nu + n) * second


@inner
def log_slab(r, z_shared, size):
    """Log density of the element r: its Fisher z is Normal(z_shared, size)."""
    z = (math.atanh(r) - z_shared) / size
    return -0.5 * z * z - math.log(size) - HALF_LOG_TWO_PI - math.log1p(-r * r)


@inner
def log_odds(others, edges, share_a, share_b):
    """Log prior odds that one edge of `edges` departs where `others` of the rest do; pi ~ Beta integrated out."""
    return math.log((share_a + others) / (share_b + edges - 1.0 - others))


@part
def draw_departures(
    rng, shared, center, scatter_scaled, kappa, n, delta, included, n_active, share_a, share_b, size
):
    """One sweep over the edges of one group, of which `n_active` depart so far. False where it broke down."""
    p = shared.shape[0]
    nu = kappa + p + 1.0
    k = np.empty((p, p))
    m = np.empty((p, p))
    work = np.empty((p, p))
    work2 = np.empty((p, p))
    if not invert_spd_into(center, k, work, work2) > -1e200:
        return False
    total = np.empty((p, p))
    add_data_into(center, scatter_scaled, kappa, total)
    if not invert_spd_into(total, m, work, work2) > -1e200:
        return False
    weights = np.empty(CELLS + 1)
    edges = p * (p - 1) // 2
    for i in range(p):
        for j in range(i + 1, p):
            log_on = log_odds(n_active - included[i, j], edges, share_a, share_b)
            r = center[i, j]
            r_shared = shared[i, j]
            z_shared = math.atanh(r_shared)
            s = math.sqrt(k[i, i] * k[j, j])
            low = max(r - 1.0 / (s + k[i, j]), -0.999999)
            high = min(r + 1.0 / (s - k[i, j]), 0.999999)
            margin = 1e-7 * (high - low)
            low += margin
            high -= margin
            cell = (high - low) / CELLS
            for c in range(CELLS):
                x = low + (c + 0.5) * cell
                weights[c] = edge_density(x - r, nu, n, k, m, i, j) + log_slab(x, z_shared, size)
                weights[c] += log_on + math.log(cell)
            spike = -np.inf
            if low < r_shared < high:
                spike = edge_density(r_shared - r, nu, n, k, m, i, j)
            weights[CELLS] = spike
            top = -np.inf
            for c in range(CELLS + 1):
                top = max(top, weights[c])
            for c in range(CELLS):  # every cell can be proposed
                weights[c] = max(weights[c], top - 20.0)
            chosen, _ = draw_category(rng, weights, CELLS + 1)
            if chosen == CELLS and included[i, j] == 0:
                continue
            current_ratio = 0.0
            if included[i, j] == 1:
                c = min(max(int((r - low) / cell), 0), CELLS - 1)
                current_ratio = log_slab(r, z_shared, size) + log_on + math.log(cell) - weights[c]
            if chosen == CELLS:
                new = r_shared
                ratio = 0.0
            else:
                new = low + (chosen + rng.random()) * cell
                exact = edge_density(new - r, nu, n, k, m, i, j) + log_slab(new, z_shared, size)
                ratio = exact + log_on + math.log(cell) - weights[chosen]
            if not math.log(1.0 - rng.random()) < ratio - current_ratio:
                continue
            d = new - r
            if abs(d) > 1e-13:
                move_inverse(k, i, j, d)
                move_inverse(m, i, j, d)
            center[i, j] = new
            center[j, i] = new
            n_active += (0 if chosen == CELLS else 1) - included[i, j]
            if chosen == CELLS:
                included[i, j] = 0
                included[j, i] = 0
                delta[i, j] = 0.0
            else:
                included[i, j] = 1
                included[j, i] = 1
                delta[i, j] = math.atanh(new) - z_shared
            delta[j, i] = delta[i, j]
    return True


@part
def draw_share_and_size(rng, delta, included, size, share_a, share_b, size_median, size_width):
    """pi_g and tau_g given the departures; returns both and the number of edges that depart."""
    p = delta.shape[0]
    count = 0
    squares = 0.0
    for i in range(p):
        for j in range(i):
            if included[i, j] == 1:
                count += 1
                squares += delta[i, j] ** 2
    edges = p * (p - 1) // 2
    a = rng.standard_gamma(share_a + count)
    b = rng.standard_gamma(share_b + edges - count)
    share = min(max(a / (a + b), 1e-12), 1.0 - 1e-12)
    size = draw_log_normal_spread(rng, size, float(count), squares, size_median, size_width)
    return share, size, count
