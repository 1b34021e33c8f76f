r"""Where a row of R_0 goes when a group has less say in it, because its region keeps less.

Were the data C_h (scatter in units of the SDs) all there is, the regression of region i on the others, w = R_rest^-1 v, would solve

    (B + rho C_g) w = b + sigma c_g,     sigma = a s / (1 - a^2 (1 - s)),     rho = a sigma,

a being what group g keeps, s what the others leave of the region's variance, B what the other groups and the prior of R_0 say (C
without row i), b and c_g their row i. At a = 0 the group has no say, w_0 = B^-1 b; and by so much its say moves w, to first order:

    w(a) - w_0 = sigma u_1 - rho u_2,     u_1 = M^-1 c_g,     u_2 = M^-1 C_g w_0,     M = B + SAY C_g.

Neither row i of R_0 nor its t_i (`level`) nor a is in the u: along them the row may move by as much as a asks for, and Jacobian
one. It moves by PART of that: region i has a variance of one, so that where w grows s falls, which the equations do not know.
"""

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into
from bayescov.sampling.kernels.rows import times_rest, times_without

SAY = 0.3  # rho where about half the correlations are kept
# At 68 regions .3 to .5 let a region in doubt change its mind most often, all of it a quarter as often; at 14, three quarters.
PART = 0.4
LEFT = 0.3  # of a region's variance, typically, by the others


@inner
def say_of(a, s):
    """PART of sigma and of rho of the group where it keeps `a`."""
    sigma = PART * a * s / (1.0 - a * a * (1.0 - s))
    return sigma, a * sigma


@inner
def invert_say(g, data, prior, state, without, between):
    """The inverses of B and of M over all regions; False where there are none."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    rest, work, work2 = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    weight = LEFT * (p - 1.0 + 2.0 * prior.eta)  # about what the prior's pull is, which has t_i in its row
    for i in range(p):
        for j in range(p):
            rest[i, j] = weight * (1.0 if i == j else state.level[0])
    for h in range(n_groups):
        if h != g:
            add_say(1.0, h, data, state, rest)
    known = invert_spd_into(rest, without, work, work2) > -1e200
    add_say(SAY, g, data, state, rest)
    return known and invert_spd_into(rest, between, work, work2) > -1e200


@inner
def add_say(share, h, data, state, rest):
    """What a group's data say of R_0: the less the further it may be from it."""
    share *= state.kappa[h] / (state.kappa[h] + data.sizes[h])
    for i in range(rest.shape[0]):
        for j in range(rest.shape[0]):
            rest[i, j] += share * state.scaled[h, i, j]


@inner
def directions(g, i, without, between, data, state, u, rows):
    """u_1 and u_2 into `u` (2, p), R_rest times these into `rows` (2, p), all 0 at i; returns s."""
    p = without.shape[0]
    start, given = np.empty(p), np.empty((2, p))
    share = state.kappa[g] / (state.kappa[g] + data.sizes[g])
    for j in range(p):
        start[j] = -without[i, j] / without[i, i]
        given[0, j] = share * state.scaled[g, i, j]
    start[i] = given[0, i] = 0.0
    times_rest(state.scaled[g], i, start, given[1])
    left, image = 1.0, np.empty(p)
    times_rest(state.shared, i, start, image)
    for j in range(p):
        given[1, j] *= share
        left -= start[j] * image[j]
    for k in range(2):
        times_without(between, i, given[k], u[k])
        times_rest(state.shared, i, u[k], rows[k])
    return min(max(left, 0.05), 1.0)
