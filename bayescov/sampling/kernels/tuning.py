"""What is learned during warm-up: the step and the metric of the trajectories, and which edges switch together."""

import math

from bayescov.sampling.kernels.blocks import watch_blocks
from bayescov.sampling.kernels.compiling import block, inner
from bayescov.sampling.kernels.hmc import adapt_step, restart_dual

STEP_CLASSES = 3


@inner
def step_class(n_active):
    """Which step applies: where edges depart, the positive definite region is narrower."""
    active = 0
    for g in range(n_active.shape[0]):
        active += n_active[g]
    if active == 0:
        return 0
    return 1 if active <= 3 else 2


@inner
def settle_steps(dual):
    """A class that was hardly visited takes the step of a neighbour, more cautiously."""
    for c in range(STEP_CLASSES - 2, -1, -1):
        if dual[c, 3] < 15.0 <= dual[c + 1, 3]:
            dual[c, 1] = dual[c + 1, 1]
            dual[c, 3] = dual[c + 1, 3]
    for c in range(1, STEP_CLASSES):
        if dual[c, 3] < 15.0:
            dual[c, 1] = dual[c - 1, 1] + math.log(0.7)


@block
def adapt(data, prior, state, draws, s, total):
    """Sweep `s` of `total` warm-up sweeps: the step throughout, the metric in the middle half."""
    adapt_step(state.dual[step_class(state.n_active)], state.acceptance[0])
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
        settle_steps(state.dual)
        for c in range(STEP_CLASSES):
            restart_dual(state.dual[c], math.exp(state.dual[c, 1]))
    if s == total - 1:
        settle_steps(state.dual)
        for c in range(STEP_CLASSES):
            state.dual[c, 0] = state.dual[c, 1]


@block
def watch(data, prior, state, draws, s, total):
    """Count which blocks of edges are on. The control never departs: its centre is the shared matrix."""
    watch_blocks(data.blocks, state.center[0], state.coupling, state.center, state.included, state.block_seen)
