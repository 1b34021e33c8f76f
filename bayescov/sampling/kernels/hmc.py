r"""Hamiltonian steps on the shared block, the departures and the couplings there are, the step chosen for every trajectory.

Departures move in coordinates in which they know no wall (`mixed`); with many of them the right step still changes from
sweep to sweep. So a trajectory is tried with the tuned step first and, while its energy is off by more than a random
tolerance, with half the step. The end is accepted only if the same step would have been chosen from there backwards, which
keeps the move exact (Biron-Lattes et al. 2024; Bou-Rabee, Carpenter and Marsden 2024). The tuned step itself comes from
dual averaging (Hoffman and Gelman 2014).
"""

import math

import numpy as np

from bayescov.sampling.kernels.collapsed import log_density
from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into

TARGET_ACCEPTANCE = 0.8
SHORTEST = math.log(0.03)  # the tuned step; states that need a shorter one halve it
HALVINGS = 5
MAX_STEPS = 48
TOLD = 0.7  # of what one person tells of a departure, in its coordinate; between 1/2 and 1
FAR = 20.0  # a trajectory whose energy strays this far is given up


@inner
def leapfrog(
    position, momentum, grad, value, step, n_steps, active, scale, delta, coupling, data, prior, state,
):  # fmt: skip
    """`n_steps` steps from a point with that gradient and log density, in place; 0: only the two are found there.

    Returns the log density and the energy at the end minus that at the start; infinity where the energy strayed by more
    than `FAR`, seen from either end, so that a trajectory and its reverse are given up together.
    """
    m_all = position.shape[0]
    start = -value
    for i in range(m_all):
        start += 0.5 * momentum[i] ** 2
    highest, energy = start, start
    for s in range(min(n_steps, 1), n_steps + 1):
        if s > 0:
            for i in range(m_all):
                momentum[i] += 0.5 * step * scale[i] * grad[i]
                position[i] += step * scale[i] * momentum[i]
        value = log_density(position, grad, active, delta, coupling, data, prior, state)
        if not value > -1e300:  # outside the support, or the numbers broke down
            return value, math.inf
        if s == 0:
            break
        energy = -value
        for i in range(m_all):
            momentum[i] += 0.5 * step * scale[i] * grad[i]
            energy += 0.5 * momentum[i] ** 2
        if not energy - start < FAR:
            return value, math.inf
        highest = max(highest, energy)
    return value, energy - start if highest - min(start, energy) < FAR else math.inf


@inner
def what_is_on(included, coupling):
    """(departure or coupling, 3): group, row and column of every departure; of a coupling that is not zero: group, 0, 0."""
    n_groups, p = included.shape[0], included.shape[1]
    found = np.empty((n_groups * p * p, 3), np.int64)
    count = 0
    for g in range(n_groups):
        for i in range(p):
            for j in range(i + 1):
                if included[g, i, j] == 1 or (i == 0 and coupling[g] != 0.0):
                    found[count, 0], found[count, 1], found[count, 2] = g, i, j
                    count += 1
    return found[:count]


@inner
def enter(active, data, prior, state, own, scale):
    """Where couplings and departures stand in a trajectory's coordinates, and its scales along them; False: nowhere."""
    p = state.center.shape[1]
    inverse, work, work2 = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    of = -1
    for k in range(active.shape[0]):
        g, i, j = active[k, 0], active[k, 1], active[k, 2]
        if i == j:
            own[k] = state.coupling[g]
            scale[k] = 1.0 / math.sqrt(data.along_coupling[g] + 1.0 / prior.coupling_scale**2)
            continue
        if g != of:
            of = g
            if not invert_spd_into(state.center[g], inverse, work, work2) > -1e200:
                return False
        unit = data.unit[i, j]
        own[k] = math.asinh(inverse[i, j] / unit)
        scale[k] = 1.0 / math.sqrt(TOLD * data.sizes[g] + 1.0 / (unit * state.size[g]) ** 2)
    return True


@inner
def hamiltonian_step(rng, data, prior, state):
    """One trajectory of random length (about a quarter period of a unit normal); `u`, departures and couplings move in place.

    Returns the acceptance probability of the trajectory with the step as it was given, and whether no step would do.
    """
    u, metric, step = state.u, state.metric, state.step[0]
    delta, coupling = state.delta, state.coupling
    active = what_is_on(state.included, coupling)
    m, m_all = u.shape[0], u.shape[0] + active.shape[0]
    here, push, scale = np.empty(m_all), np.empty(m_all), np.empty(m_all)
    grad_start, grad_end, grad = np.zeros(m_all), np.zeros(m_all), np.zeros(m_all)
    position, end = np.empty(m_all), np.empty(m_all)
    momentum, momentum_end = np.empty(m_all), np.empty(m_all)
    work_delta, work_coupling, own_end = delta.copy(), coupling.copy(), np.empty(active.shape[0])
    for i in range(m):
        here[i], scale[i] = u[i], metric[i]
    if not enter(active, data, prior, state, here[m:], scale[m:]):
        return 0.0, True
    for i in range(m_all):
        push[i] = rng.standard_normal()
    length = 0.7 + 0.9 * rng.random()
    tolerance = 0.5 + rng.standard_exponential()
    at_start, at_end, change, chosen, acceptance = 0.0, 0.0, math.inf, -1, 0.0
    # The density at the start; then forwards, with ever shorter steps, until one serves; then backwards from the end, with
    # every longer step, of which none may.
    for trial in range(-1, 2 * HALVINGS + 1):
        forwards = chosen < 0
        halved = trial if forwards else trial - chosen - 1
        if halved == (HALVINGS + 1 if forwards else chosen):
            break
        own_step = step * 0.5**halved
        n_steps = 0 if trial < 0 else max(1, min(math.ceil(length / own_step), MAX_STEPS))
        for i in range(m_all):
            position[i] = here[i] if forwards else end[i]
            momentum[i] = push[i] if forwards else -momentum_end[i]
            grad[i] = grad_start[i] if forwards else grad_end[i]
        value, error = leapfrog(
            position, momentum, grad, at_start if forwards else at_end, own_step, n_steps, active, scale, work_delta,
            work_coupling, data, prior, state,
        )  # fmt: skip
        if trial < 0:
            if not value > -1e300:
                return 0.0, True
            at_start = value
            for i in range(m_all):
                grad_start[i] = grad[i]
            continue
        if trial == 0:
            acceptance = math.exp(min(0.0, -error))
        if not abs(error) <= tolerance:
            continue
        if not forwards:
            return acceptance, False  # from there, a longer step would have been chosen
        chosen, at_end, change = halved, value, error
        for i in range(m_all):
            end[i], momentum_end[i], grad_end[i] = position[i], momentum[i], grad[i]
        for k in range(active.shape[0]):
            g, i, j = active[k, 0], active[k, 1], active[k, 2]
            own_end[k] = work_coupling[g] if i == j else work_delta[g, i, j]
    if chosen >= 0 and rng.random() < math.exp(min(0.0, -change)):
        for i in range(m):
            u[i] = end[i]
        for k in range(active.shape[0]):
            g, i, j = active[k, 0], active[k, 1], active[k, 2]
            if i == j:
                coupling[g] = own_end[k]
            else:
                delta[g, i, j] = delta[g, j, i] = own_end[k]
    return acceptance, chosen < 0


@inner
def adapt_step(dual, acceptance):
    """Dual averaging; `dual` holds log step, its average, the error sum, the count and the shrinkage point."""
    dual[3] += 1.0
    count = dual[3]
    weight = 1.0 / (count + 10.0)
    dual[2] = (1.0 - weight) * dual[2] + weight * (TARGET_ACCEPTANCE - acceptance)
    dual[0] = max(dual[4] - math.sqrt(count) / 0.05 * dual[2], SHORTEST)
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
