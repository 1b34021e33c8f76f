"""Hamiltonian steps on the shared block: leapfrog, dual averaging of the step (Hoffman and Gelman 2014)."""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import block, inner
from bayescov.sampling.kernels.shared import log_density

TARGET_ACCEPTANCE = 0.85
MAX_STEPS = 32


@block
def move_shared(rng, data, prior, state):
    """R_0 and the SDs, every Sigma_g integrated out: one trajectory of random length, about a quarter period of a unit
    normal. `u` moves in place; the acceptance probability and whether the trajectory diverged stay in the state.
    """
    u, metric, step = state.u, state.metric, state.step[0]
    m = u.shape[0]
    grad = np.empty(m)
    momentum = np.empty(m)
    position = u.copy()
    energy = 0.0
    state.acceptance[0], state.diverging[0] = 0.0, False
    for i in range(m):
        momentum[i] = rng.standard_normal()
        energy += 0.5 * momentum[i] ** 2
    n_steps = max(1, min(math.ceil((0.7 + 0.9 * rng.random()) / step), MAX_STEPS))
    value = 0.0
    for s in range(n_steps + 1):  # the density is called in one place only: its code is compiled in once
        value = log_density(
            position, grad, state.anchor, state.anchor_inverse, state.scatter, data.sizes, state.kappa, state.coupling,
            state.delta, state.n_active, prior.eta, prior.family, state.pull, prior.control_sd, prior.ratio_shift_sd,
            prior.ratio_spread_scale,
        )  # fmt: skip
        if value == -np.inf:
            return  # the trajectory left the support of the truncated prior: an ordinary rejection
        if not value > -1e300:
            state.diverging[0] = True
            return
        if s == 0:
            energy -= value
        half = 0.5 if s in (0, n_steps) else 1.0
        for i in range(m):
            momentum[i] += half * step * metric[i] * grad[i]
            if s < n_steps:
                position[i] += step * metric[i] * momentum[i]
    final = -value
    for i in range(m):
        final += 0.5 * momentum[i] ** 2
    change = energy - final
    if not change > -1000.0:
        state.diverging[0] = True
        return
    probability = math.exp(min(0.0, change))
    if rng.random() < probability:
        for i in range(m):
            u[i] = position[i]
    state.acceptance[0] = probability


@inner
def adapt_step(dual, acceptance):
    """Dual averaging; `dual` holds log step, its average, the error sum, the count and the shrinkage point."""
    dual[3] += 1.0
    count = dual[3]
    weight = 1.0 / (count + 10.0)
    dual[2] = (1.0 - weight) * dual[2] + weight * (TARGET_ACCEPTANCE - acceptance)
    dual[0] = dual[4] - math.sqrt(count) / 0.05 * dual[2]
    forget = count**-0.75
    dual[1] = forget * dual[0] + (1.0 - forget) * dual[1]


@inner
def restart_dual(dual, step):
    """Start dual averaging again from `step`."""
    dual[0] = math.log(step)
    dual[1] = math.log(step)
    dual[2] = 0.0
    dual[3] = 0.0
    dual[4] = math.log(2.0 * step)
