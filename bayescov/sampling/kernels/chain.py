"""One chain: sweeps over all blocks. Partially collapsed Gibbs (van Dyk and Park 2008).

A sweep draws (1) the shared block, kappa and the departures with every Sigma_g integrated out, (2) Sigma_g exactly,
(3) means, missing volumes and weights given Sigma_g. Sigma_g of the sweep before is never conditioned on in (1).
"""

import math
from collections import namedtuple

import numpy as np
from numba import njit

from bayescov.sampling.kernels.blocks import (
    draw_block,
    store_shared,
    toggle_block,
    watch_blocks,
)
from bayescov.sampling.kernels.closeness import draw_closeness, relative_eigenvalues
from bayescov.sampling.kernels.coupling import draw_coupling
from bayescov.sampling.kernels.edges import draw_departures, draw_share_and_size
from bayescov.sampling.kernels.hmc import adapt_step, hamiltonian_step, restart_dual
from bayescov.sampling.kernels.level import draw_level
from bayescov.sampling.kernels.linalg import draw_inverse_wishart, product
from bayescov.sampling.kernels.means import cross_products, draw_coefficients, draw_rows, residual_scatter
from bayescov.sampling.kernels.people import draw_missing, draw_weights
from bayescov.sampling.kernels.pointwise import leave_one_out
from bayescov.sampling.kernels.shared import COMMON, departed, shared_matrix

BLOCK_MOVES = 16
STEP_CLASSES = 3

Data = namedtuple(
    "Data",
    ["regressors", "codes", "sizes", "row_kind", "missing", "any_missing", "student", "blocks"],
)  # fmt: skip

Prior = namedtuple(
    "Prior",
    [
        "shift_sd", "spread_scale", "site_scale", "dof_shape", "dof_rate",
        "has_shared", "eta", "family", "control_sd", "ratio_shift_sd", "ratio_spread_scale",
        "learns_kappa", "kappa_median", "kappa_width", "kappa_atom", "kappa_each",
        "has_coupling", "coupling_share", "coupling_scale", "has_sparse", "share_a", "share_b", "size_median", "size_width",
    ],
)  # fmt: skip

State = namedtuple(
    "State",
    [
        "u", "metric", "dual", "anchor", "anchor_inverse", "kappa", "coupling", "delta", "included", "n_active",
        "share", "size", "w", "row_mean", "row_sd", "y", "weight", "dof", "sigma", "omega", "xx", "xy", "yy", "scatter",
        "scale", "level", "pull", "running", "block_chance", "block_middle", "block_spread", "block_seen",
    ],
)  # fmt: skip

Draws = namedtuple(
    "Draws",
    [
        "correlation", "sd", "w", "row_mean", "row_sd", "shared", "ratio_shift", "ratio_size", "scale", "level", "kappa", "coupling",
        "included", "share", "size", "dof", "acceptance", "diverging", "log_likelihood",
    ],
)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def in_units(scatter, log_d):
    """Scatter of each group in units of its D."""
    n_groups, p = log_d.shape
    scaled = np.empty((n_groups, p, p))
    for g in range(n_groups):
        for i in range(p):
            for j in range(p):
                scaled[g, i, j] = scatter[g, i, j] * math.exp(-log_d[g, i] - log_d[g, j])
    return scaled


@njit(cache=True, nogil=True, error_model="numpy")
def couplings(rng, data, prior, state, shared, center, log_d, scaled):
    """The coupling of every patient group, each in one of its two coordinates; u follows."""
    n_groups, p = log_d.shape
    shifts = p * (p + 1) // 2 + (n_groups - 1) * p
    moved = False
    for g in range(1, n_groups):
        before, hold_average = state.coupling[g], rng.random() < 0.5
        step = draw_coupling(
            rng, g, hold_average, shared, center, scaled, state.u[shifts + g - 1], prior.ratio_shift_sd, state.kappa,
            data.sizes, state.coupling, state.delta, prior.eta, prior.family, state.pull, prior.coupling_share,
            prior.coupling_scale,
        )  # fmt: skip
        state.u[shifts + g - 1] += step
        for j in range(p):
            log_d[g, j] += step
        moved |= hold_average and state.coupling[g] != before
    if moved:
        store_shared(shared, log_d[0], state.anchor, state.u)


@njit(cache=True, nogil=True, error_model="numpy")
def departures(rng, data, prior, state, shared, center, log_d, scaled):
    """Single-edge departures of every patient group: blocks of edges, then edge by edge; their share and size."""
    n_groups, p = log_d.shape
    start, nothing = np.empty((p, p)), np.zeros((p, p))
    moved = False
    for g in range(1, n_groups):
        for _ in range(BLOCK_MOVES):
            b = draw_block(rng, state.block_chance[g])
            moved |= toggle_block(
                rng, shared, center, scaled, state.kappa, data.sizes, state.coupling, state.delta, state.included, g,
                state.share[g], state.size[g], prior.eta, prior.family, state.pull, data.blocks[b], state.block_middle[g, b],
                state.block_spread[g, b],
            )  # fmt: skip
    if moved:
        store_shared(shared, log_d[0], state.anchor, state.u)
    for g in range(1, n_groups):
        departed(shared, state.coupling[g], nothing, start)
        draw_departures(
            rng, start, center[g], scaled[g], state.kappa[g], data.sizes[g], state.delta[g], state.included[g],
            state.share[g], state.size[g],
        )  # fmt: skip
        state.share[g], state.size[g], state.n_active[g] = draw_share_and_size(
            rng, state.delta[g], state.included[g], state.share[g], state.size[g], prior.share_a, prior.share_b,
            prior.size_median, prior.size_width,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def collapsed_blocks(rng, data, prior, state, step):
    """R_0, SDs, kappa and departures, every Sigma_g integrated out; the centres (correlation, log D) of the groups."""
    n_groups, p = state.scatter.shape[0], state.scatter.shape[1]
    center = np.zeros((n_groups, p, p))
    log_d = np.zeros((n_groups, p))
    if not prior.has_shared:
        for g in range(n_groups):
            for j in range(p):
                center[g, j, j] = 1.0
        return center, log_d, 1.0, False
    acceptance, diverging = hamiltonian_step(
        rng, state.u, state.metric, step, state.anchor, state.anchor_inverse, state.scatter, data.sizes, state.kappa,
        state.coupling, state.delta, state.n_active, prior.eta, prior.family, state.pull, prior.control_sd, prior.ratio_shift_sd,
        prior.ratio_spread_scale,
    )  # fmt: skip
    # With departures the support ends in a wall (some R*_g singular), at which any kappa makes the energy jump: running
    # into it is an ordinary rejection. Without them the density is smooth, and a jump means that the step is too long.
    diverging = diverging and state.n_active.sum() == 0
    shared = np.empty((p, p))
    shared_matrix(state.u, state.anchor, log_d, shared)
    if prior.family == COMMON:
        draw_level(rng, shared, prior.eta, state.scale, state.level, state.pull)
    for g in range(n_groups):
        departed(shared, state.coupling[g], state.delta[g], center[g])
    if prior.learns_kappa:
        eigenvalues = np.empty((n_groups, p))
        work = np.empty((p, p))
        work2 = np.empty((p, p))
        for g in range(n_groups):
            relative_eigenvalues(center[g], state.scatter[g], log_d[g], work, work2, eigenvalues[g])
        if prior.kappa_each:
            for g in range(n_groups):
                state.kappa[g] = draw_closeness(
                    rng, state.kappa[g], eigenvalues, data.sizes, g, g + 1, prior.kappa_median, prior.kappa_width,
                    prior.kappa_atom,
                )  # fmt: skip
        else:
            state.kappa[:] = draw_closeness(
                rng, state.kappa[0], eigenvalues, data.sizes, 0, n_groups, prior.kappa_median, prior.kappa_width,
                prior.kappa_atom,
            )  # fmt: skip
    if prior.has_coupling or prior.has_sparse:
        scaled = in_units(state.scatter, log_d)
        if prior.has_coupling:
            couplings(rng, data, prior, state, shared, center, log_d, scaled)
        if prior.has_sparse:
            departures(rng, data, prior, state, shared, center, log_d, scaled)
    return center, log_d, acceptance, diverging


@njit(cache=True, nogil=True, error_model="numpy")
def draw_covariances(rng, data, state, center, log_d):
    """Sigma_g | rest ~ InverseWishart(kappa + p + 1 + n_g, kappa S* + S_g), exactly."""
    n_groups, p = log_d.shape
    psi = np.empty((p, p))
    for g in range(n_groups):
        kappa = state.kappa[g]
        for i in range(p):
            for j in range(p):
                psi[i, j] = (
                    kappa * center[g, i, j] * math.exp(log_d[g, i] + log_d[g, j]) + state.scatter[g, i, j]
                )
        draw_inverse_wishart(rng, kappa + p + 1.0 + data.sizes[g], psi, state.sigma[g], state.omega[g])


@njit(cache=True, nogil=True, error_model="numpy")
def residuals_of(data, state):
    """(subject, region): volumes minus their means."""
    residuals = product(data.regressors, state.w)
    for i in range(residuals.shape[0]):
        for j in range(residuals.shape[1]):
            residuals[i, j] = state.y[i, j] - residuals[i, j]
    return residuals


@njit(cache=True, nogil=True, error_model="numpy")
def mean_blocks(rng, data, prior, state):
    """Means, rows, missing volumes, weights given Sigma_g; leaves the new residual scatter in the state."""
    draw_coefficients(rng, state.xx, state.xy, state.omega, state.row_mean, state.row_sd, state.w)
    draw_rows(
        rng, state.xx, state.xy, state.omega, data.row_kind, state.row_mean, state.row_sd, state.w, prior.shift_sd,
        prior.spread_scale, prior.site_scale,
    )  # fmt: skip
    if data.any_missing or data.student:
        fitted = product(data.regressors, state.w)
        if data.any_missing:
            draw_missing(rng, state.y, fitted, data.missing, data.codes, state.omega, state.weight)
        if data.student:
            residuals = residuals_of(data, state)
            state.dof[0] = draw_weights(
                rng,
                residuals,
                data.codes,
                state.omega,
                state.weight,
                state.dof[0],
                prior.dof_shape,
                prior.dof_rate,
            )
        cross_products(data.regressors, state.y, state.weight, data.codes, state.xx, state.xy, state.yy)
    residual_scatter(state.xx, state.xy, state.yy, state.w, state.scatter)


@njit(cache=True, nogil=True, error_model="numpy")
def step_class(state):
    """Which step applies: where edges depart, the positive definite region is narrower."""
    active = state.n_active.sum()
    if active == 0:
        return 0
    return 1 if active <= 3 else 2


@njit(cache=True, nogil=True, error_model="numpy")
def settle_steps(dual):
    """A class that was hardly visited takes the step of a neighbour, more cautiously."""
    for c in range(STEP_CLASSES - 2, -1, -1):
        if dual[c, 3] < 15.0 <= dual[c + 1, 3]:
            dual[c, 1] = dual[c + 1, 1]
            dual[c, 3] = dual[c + 1, 3]
    for c in range(1, STEP_CLASSES):
        if dual[c, 3] < 15.0:
            dual[c, 1] = dual[c - 1, 1] + math.log(0.7)


@njit(cache=True, nogil=True, error_model="numpy")
def adapt(prior, state, acceptance, s, total):
    """Sweep `s` of `total` warm-up sweeps: the step throughout, the metric in the middle half."""
    adapt_step(state.dual[step_class(state)], acceptance)
    m = state.u.shape[0]
    learn_to = (3 * total) // 4
    if total // 4 <= s < learn_to:
        state.running[0, 0] += 1.0
        for i in range(m):
            change = state.u[i] - state.running[1, i]
            state.running[1, i] += change / state.running[0, 0]
            state.running[2, i] += change * (state.u[i] - state.running[1, i])
    if s in (total // 2, learn_to - 1):
        count = state.running[0, 0]
        weight = count / (count + 10.0)
        for i in range(m):
            sd = math.sqrt(state.running[2, i] / max(count - 1.0, 1.0))
            state.metric[i] = weight * sd + (1.0 - weight) * state.metric[i]
        state.running[:] = 0.0
        settle_steps(state.dual)
        for c in range(STEP_CLASSES):
            restart_dual(state.dual[c], math.exp(state.dual[c, 1]))
    if s == total - 1:
        settle_steps(state.dual)
        for c in range(STEP_CLASSES):
            state.dual[c, 0] = state.dual[c, 1]


@njit(cache=True, nogil=True, error_model="numpy")
def keep(prior, state, draws, t, acceptance, diverging):
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
            draws.sd[t, g, j] = math.sqrt(state.sigma[g, j, j])
    for r in range(state.w.shape[0]):
        draws.row_mean[t, r] = state.row_mean[r]
        draws.row_sd[t, r] = state.row_sd[r]
        for j in range(p):
            draws.w[t, r, j] = state.w[r, j]
    draws.dof[t] = state.dof[0]
    draws.acceptance[t] = acceptance
    draws.diverging[t] = diverging
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


@njit(cache=True, nogil=True, error_model="numpy")
def run(rng, data, prior, state, draws, first, count, thin, tuning, total):
    """`count` sweeps of warm-up from sweep `first` of `total` (`tuning`), or `count` kept draws from row `first`.

    One function for both, since every level of compiled functions compiles what it calls anew.
    """
    for t in range(first, first + count):
        acceptance, diverging = 1.0, False
        for _ in range(thin):
            # Jitter keeps a trajectory from closing on itself. One step in four is a short one: where edges depart, the
            # positive definite region is narrower than where the step was tuned.
            step = math.exp(state.dual[step_class(state), 0])
            if not tuning:
                step *= 0.15 + 0.45 * rng.random() if rng.random() < 0.25 else 0.8 + 0.3 * rng.random()
            center, log_d, acceptance, diverging = collapsed_blocks(rng, data, prior, state, step)
            draw_covariances(rng, data, state, center, log_d)
            mean_blocks(rng, data, prior, state)
        if not tuning:
            keep(prior, state, draws, t, acceptance, diverging)
            if draws.log_likelihood.shape[1] > 0:
                dof = state.dof[0] if data.student else math.inf
                leave_one_out(
                    center, log_d, state.kappa, state.scatter, residuals_of(data, state), state.weight, data.missing, dof,
                    data.codes, data.sizes, draws.log_likelihood[t],
                )  # fmt: skip
        elif prior.has_shared:
            adapt(prior, state, acceptance, t, total)
            if prior.has_sparse:
                # The control never departs: its centre is the shared matrix.
                watch_blocks(data.blocks, center[0], state.coupling, center, state.included, state.block_seen)
