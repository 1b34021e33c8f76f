"""One chain: sweeps over the blocks, and what is done after each, learning in warm-up and keeping later."""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import block, call, kernel
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.kernels.linalg import product
from bayescov.sampling.kernels.pointwise import leave_one_out
from bayescov.sampling.kernels.shared import shared_matrix


@block
def keep(data, prior, state, draws, t, total):
    """Write the state into row `t` of `draws`."""
    n_groups, p = state.scatter.shape[0], state.scatter.shape[1]
    e = 0
    for i in range(p):
        for j in range(i + 1, p):
            for g in range(n_groups):
                s = state.sigma[g]
                draws.correlation[t, g, e] = s[i, j] / math.sqrt(s[i, i] * s[j, j])
                draws.included[t, g, e] = state.included[g, i, j]
            e += 1
    for g in range(n_groups):
        draws.kappa[t, g] = state.kappa[g]
        draws.coupling[t, g] = state.coupling[g]
        draws.share[t, g] = state.share[g]
        draws.size[t, g] = state.size[g]
        for j in range(p):
            draws.attenuation[t, g, j] = state.attenuation[g, j]
            draws.sd[t, g, j] = math.sqrt(state.sigma[g, j, j])
    for r in range(state.w.shape[0]):
        draws.row_mean[t, r] = state.row_mean[r]
        draws.row_sd[t, r] = state.row_sd[r]
        draws.row_symmetry[t, r] = state.row_symmetry[r]
        draws.row_share[t, r] = state.row_share[r]
        for j in range(p):
            draws.w[t, r, j] = state.w[r, j]
            draws.row_included[t, r, j] = state.row_included[r, j]
    draws.dof[t] = state.dof[0]
    draws.acceptance[t] = state.acceptance[0]
    draws.diverging[t] = state.diverging[0]
    if prior.has_shared:
        log_d = np.zeros((n_groups, p))
        shared = np.empty((p, p))
        shared_matrix(state.u, state.anchor, log_d, shared)
        e = 0
        for i in range(p):
            for j in range(i + 1, p):
                draws.shared[t, e] = shared[i, j]
                e += 1
            draws.scale[t, i] = 1.0 / state.scale[i]
        draws.level[t] = state.level[0]
        tail = p * (p + 1) // 2 + (n_groups - 1) * p
        for g in range(1, n_groups):
            draws.ratio_shift[t, g - 1] = state.u[tail + g - 1]
            draws.ratio_size[t, g - 1] = abs(state.u[tail + n_groups - 1 + g - 1])


@block
def keep_densities(data, prior, state, draws, t, total):
    """Write the density of every person given all others into row `t` of `draws`."""
    residuals = product(data.regressors, state.w)
    for i in range(residuals.shape[0]):
        for j in range(residuals.shape[1]):
            residuals[i, j] = state.y[i, j] - residuals[i, j]
    leave_one_out(
        state.center, state.log_d, state.kappa, state.scatter, residuals, state.weight, data.missing,
        state.dof[0] if data.student else math.inf, data.codes, data.sizes, draws.log_likelihood[t],
    )  # fmt: skip


@kernel
def run(sweep, after, rng, data, prior, state, draws, first, count, thin, tuning, total):
    """`count` sweeps of warm-up from sweep `first` of `total` (`tuning`), or `count` kept draws from row `first`.

    `sweep` and `after` hold the addresses of the blocks; `after` is called once a draw.
    """
    held_data, held_prior, held_state, held_draws = hold(data), hold(prior), hold(state), hold(draws)
    for t in range(first, first + count):
        for _ in range(thin):
            # Jitter keeps a trajectory from closing on itself.
            state.step[0] = math.exp(state.dual[0]) * (1.0 if tuning else 0.8 + 0.3 * rng.random())
            for k in range(sweep.shape[0]):
                call(sweep[k], rng, held_data, held_prior, held_state)
        for k in range(after.shape[0]):
            call(after[k], held_data, held_prior, held_state, held_draws, t, total)
