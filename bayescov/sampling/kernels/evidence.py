r"""What the estimate of a row of W says of the row's prior: which regions are included, spread and symmetry.

The estimate is Normal(row, error), and the row Normal(0, K), its mean integrated out: K is sd^2 C + shift_sd^2 between what is included
and same_sd^2 for what is not. So the estimate is Normal(0, K + error), and no prior is ever inverted, however narrow it is.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import cholesky_into


@inner
def log_evidence(r, estimate, error, data, prior, state, work):
    """Log density of the estimate of row r under the row's prior, up to a constant; `work` (2, p, p)."""
    p, sd, on = estimate.shape[0], state.row_sd[r], state.row_included[r]
    whole, factor = work[0], work[1]
    for i in range(p):
        shift = prior.shift_sd**2 if on[i] == 1 else 0.0
        for j in range(i + 1):
            whole[i, j] = whole[j, i] = error[i, j] + (shift if on[j] == 1 else 0.0)
        whole[i, i] += sd**2 if on[i] == 1 else prior.same_sd**2
        k = data.partner[i]
        if 0 <= k < i and on[i] == 1:
            whole[i, k] += state.row_symmetry[r] * sd**2
            whole[k, i] = whole[i, k]
    if not cholesky_into(whole, factor):
        return -np.inf
    value = 0.0
    for i in range(p):
        x = estimate[i]
        for j in range(i):
            x -= factor[i, j] * whole[0, j]
        x /= factor[i, i]
        whole[0, i] = x  # it is not needed any more
        value -= math.log(factor[i, i]) + 0.5 * x * x
    return value


@inner
def draw_spread_and_symmetry(rng, r, estimate, error, data, prior, state):
    """One step of slice sampling each, on scales from 0 to 1 whose whole is the first interval (Neal 2003)."""
    work = np.empty((2, estimate.shape[0], estimate.shape[0]))
    for k in range(2 if data.paired else 1):
        spread = k == 0
        sd = state.row_sd[r]
        x = sd / (sd + prior.spread_scale) if spread else state.row_symmetry[r]
        left, right, level = 0.0, 1.0, np.inf
        new = x  # first where it is, for the level
        while True:
            if spread:
                state.row_sd[r] = prior.spread_scale * new / (1.0 - new)
                ratio = new / (1.0 - new)
                value = -0.5 * ratio * ratio - 2.0 * math.log(1.0 - new)
            else:
                state.row_symmetry[r] = new
                value = (prior.symmetry_a - 1.0) * math.log(new) + (prior.symmetry_b - 1.0) * math.log(
                    1.0 - new
                )
            value += log_evidence(r, estimate, error, data, prior, state, work)
            if level == np.inf:
                level = value + math.log(1.0 - rng.random())
            elif value >= level or not right - left > 1e-12:
                break
            elif new < x:
                left = new
            else:
                right = new
            new = left + (right - left) * rng.random()
