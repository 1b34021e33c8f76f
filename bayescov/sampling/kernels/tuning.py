"""What is learned during warm-up: the step and the metric of the trajectories, and which edges switch together."""

import math

from bayescov.sampling.kernels.blocks import watch_blocks
from bayescov.sampling.kernels.compiling import block
from bayescov.sampling.kernels.hmc import adapt_step, restart_dual


@block
def adapt(data, prior, state, draws, s, total):
    """Sweep `s` of `total` warm-up sweeps: the step throughout, the metric in the middle half."""
    adapt_step(state.dual, state.acceptance[0])
    m = state.u.shape[0]
    learn_to = (3 * total) // 4
    if total // 4 <= s < learn_to:
        state.running[0, 0] += 1.0
        for i in range(m):
            change = state.u[i] - state.running[1, i]
            state.running[1, i] += change / state.running[0, 0]
            state.running[2, i] += change * (state.u[i] - state.running[1, i])
    if s == total // 2 or s == learn_to - 1:
        count = state.running[0, 0]
        weight = count / (count + 10.0)
        for i in range(m):
            sd = math.sqrt(state.running[2, i] / max(count - 1.0, 1.0))
            state.metric[i] = weight * sd + (1.0 - weight) * state.metric[i]
        state.running[:] = 0.0
        restart_dual(state.dual, math.exp(state.dual[1]))
    if s == total - 1:
        state.dual[0] = state.dual[1]


@block
def watch(data, prior, state, draws, s, total):
    """Count which blocks of edges are on."""
    watch_blocks(data.blocks, state)
