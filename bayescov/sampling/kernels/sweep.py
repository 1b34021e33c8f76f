"""The blocks of a sweep, each (generator, data, prior, state); the model decides which of them a sweep has.

Partially collapsed Gibbs (van Dyk and Park 2008): first the shared block, kappa and the departures with every Sigma_g
integrated out, then Sigma_g exactly, then means, missing volumes and weights given Sigma_g. Sigma_g of the sweep before
is never conditioned on in the first part.
"""

import math

import numpy as np

from bayescov.sampling.kernels.attenuation import draw_attenuation, empty_forms
from bayescov.sampling.kernels.blocks import draw_position, store_shared, switch_block
from bayescov.sampling.kernels.closeness import draw_closeness, relative_eigenvalues
from bayescov.sampling.kernels.compiling import block, inner
from bayescov.sampling.kernels.coupling import draw_coupling
from bayescov.sampling.kernels.edges import FOUND, draw_edge, draw_share_and_size, share_of
from bayescov.sampling.kernels.hmc import hamiltonian_step
from bayescov.sampling.kernels.inverses import invert_all, invert_center, pull_through
from bayescov.sampling.kernels.level import draw_level
from bayescov.sampling.kernels.linalg import draw_inverse_wishart, product
from bayescov.sampling.kernels.loosening import draw_loosening
from bayescov.sampling.kernels.means import SITE, cross_products, draw_coefficients, residual_scatter
from bayescov.sampling.kernels.people import draw_missing, draw_weights
from bayescov.sampling.kernels.scales import draw_scales
from bayescov.sampling.kernels.shared import departed, shared_matrix
from bayescov.sampling.kernels.sites import draw_sites

FEWEST_MOVES, MOST_MOVES = 96, 400  # of blocks in a sweep; between them two for every five edges
# Up to so many regions what regions keep, edges and kappa take so many turns in a sweep, with a part of its moves of blocks each: how
# many edges depart and how close the groups are move together, each by little while the other stays, and there a turn costs little.
FEW_REGIONS, TURNS = 20, 3
# How often departing correlations are held, where what a region keeps is drawn.
HOLDING = 0.5
# Regions whose point is drawn in a sweep: up to FEW_REGIONS, above, and above MANY_REGIONS.
FEW_DRAWN, MORE_DRAWN, MANY_DRAWN = 2, 4, 8
# Above so many (`data.many_regions`) the couplings of all, or of one group, are drawn in a sweep: these mix well, and everything costs
# more. A quarter of the edges take their turn, R_0 held, and for a quarter of those drawn by their chances it is held as well: most are
# never in doubt, and what the others and the regions wait for is that R_0 moves, by trajectories. And departing correlations are not
# held: with 68 a fit ended its budget with 16 effective draws where they were; one without had 687 in time.
MANY_REGIONS = 45


@block
def move_shared(rng, data, prior, state):
    """R_0, the SDs, departures and couplings, every Sigma_g integrated out, and with them the groups' centres and log D."""
    state.acceptance[0], diverging = hamiltonian_step(rng, data, prior, state)
    # With departures there are places where no step serves (a negative coupling that only they make up for): an ordinary
    # rejection. Without them the density is smooth, and one of the steps must.
    shared_matrix(state.u, state.anchor, state.log_d, state.shared)
    for g in range(state.center.shape[0]):
        diverging = diverging and state.n_active[g] == 0
        departed(state.shared, state.coupling[g], state.attenuation[g], state.delta[g], state.center[g])
    state.diverging[0] = diverging


@block
def move_level(rng, data, prior, state):
    """The level that R_0's prior is centred on."""
    draw_level(rng, state.shared, prior.eta, state.scale, state.level, state.pull)


@block
def move_scales(rng, data, prior, state):
    """The scale of each group's SDs, after which the scatter in units of D is what all others need; kappa, of each group or of all."""
    n_groups, p = state.log_d.shape
    eigenvalues = all_relative_eigenvalues(state)
    draw_scales(
        rng, eigenvalues, data.sizes, state.kappa, state.log_d, state.u, prior.control_sd, prior.ratio_shift_sd
    )  # fmt: skip
    for g in range(n_groups):
        for i in range(p):
            for j in range(p):
                state.scaled[g, i, j] = state.scatter[g, i, j] * math.exp(
                    -state.log_d[g, i] - state.log_d[g, j]
                )
    if prior.learns_kappa:
        draw_kappas(rng, eigenvalues, data, prior, state)


@block
def move_closeness(rng, data, prior, state):
    """Kappa where nothing else is shared."""
    draw_kappas(rng, all_relative_eigenvalues(state), data, prior, state)


@inner
def all_relative_eigenvalues(state):
    """Eigenvalues of R*^-1 C, (group, region)."""
    n_groups, p = state.log_d.shape
    eigenvalues, work, work2 = np.empty((n_groups, p)), np.empty((p, p)), np.empty((p, p))
    for g in range(n_groups):
        relative_eigenvalues(state.center[g], state.scatter[g], state.log_d[g], work, work2, eigenvalues[g])
    return eigenvalues


@inner
def draw_kappas(rng, eigenvalues, data, prior, state):
    """kappa, of each group or of all, given the eigenvalues of R*^-1 C."""
    n_groups = state.log_d.shape[0]
    together = 1 if prior.kappa_each else n_groups
    for first in range(0, n_groups, together):
        kappa = draw_closeness(rng, state.kappa[first], eigenvalues, first, first + together, data, prior)
        for g in range(first, first + together):
            state.kappa[g] = kappa


@block
def move_couplings(rng, data, prior, state):
    """The couplings of all patient groups together, then of each, in one of their two coordinates; u follows."""
    n_groups, moved = state.center.shape[0], False
    only = int(n_groups * rng.random()) if data.many_regions else -1
    for g in range(n_groups):
        if (g == 0 and n_groups == 2) or (only >= 0 and g != only):
            continue
        first, last = (1, n_groups) if g == 0 else (g, g + 1)
        hold_average = rng.random() < 0.5
        moved |= draw_coupling(rng, first, last, hold_average, data, prior, state) and hold_average
    if moved:
        store_shared(state.shared, state.log_d[0], state.anchor, state.u)


@block
def move_attenuations(rng, data, prior, state):
    """What single regions of every patient group keep of their correlations, R_0 held."""
    n_groups, p = state.log_d.shape
    inverse, forms = np.empty((2, p, p)), empty_forms(p)
    for g in range(1, n_groups):
        invert_center(state.center[g], state.scaled[g], state.kappa[g], inverse)
        for i in range(p):
            holding = not data.many_regions and rng.random() < HOLDING
            draw_attenuation(rng, g, i, holding, inverse, forms, data, prior, state)


@block
def move_regions(rng, data, prior, state):
    """What single regions of patient groups keep, and all else that is a region's: those most often that are in doubt; u follows."""
    n_groups, p = state.log_d.shape
    inverse, whether = np.empty((1 + 2 * n_groups, p, p)), False
    invert_all(state.shared, state.center, state.scaled, state.kappa, inverse)
    drawn = MANY_DRAWN if data.many_regions else FEW_DRAWN if p <= FEW_REGIONS else MORE_DRAWN
    for _ in range(drawn):
        k = draw_position(rng, state.region_chance)
        whether |= draw_loosening(rng, 1 + k // p, k % p, inverse, data, prior, state)
    if whether:
        store_shared(state.shared, state.log_d[0], state.anchor, state.u)


@block
def move_edges(rng, data, prior, state):
    """Single-edge departures of every group that may depart, their share and size.

    First R_0 gives way: single edges, and blocks of edges at once, by their chances. Then every edge in turn, R_0 held; of many
    regions some edges, from a random one on.
    """
    n_groups, p = state.log_d.shape
    inverse, pulled, known = np.empty((1 + 2 * n_groups, p, p)), np.empty((p, p)), np.empty((n_groups, FOUND))
    invert_all(state.shared, state.center, state.scaled, state.kappa, inverse)
    pull_through(inverse[0], prior.family, state.pull, pulled)
    edges = p * (p - 1) // 2
    moves = min(max(FEWEST_MOVES, (2 * edges) // 5), MOST_MOVES)
    if p <= FEW_REGIONS:
        moves //= TURNS
    in_turn, start = edges, 0
    if data.many_regions:
        in_turn, start = max(1, edges // 4), int(edges * rng.random())
    first = prior.first_departing
    others = n_groups - first - 1  # of those that may depart, beside each
    for g in range(first, n_groups):
        # One loop over both, so that the code for an edge is compiled in once. The blocks begin with the single edges.
        for k in range(moves + in_turn):
            share, other, of, b = 0.0, -1, g, (start + k - moves) % edges
            if k < moves:
                share = 0.0 if data.many_regions and k % 4 == 1 else share_of(g, data.sizes, p)
                if others > 0 and k % 4 == 3:  # with another group; the block by the chances of either
                    other = first + (g - first + 1 + int(rng.random() * others)) % (others + 1)
                    of = g if rng.random() < 0.5 else other
                b = draw_position(rng, state.block_chance[of])
            block = data.blocks[b]
            if other < 0 and block[1] < 0 and block[3] < 0:
                draw_edge(rng, g, share, block[0], block[2], inverse, pulled, known, data, prior, state)
            else:
                switch_block(rng, g, other, b, inverse, pulled, data, prior, state)
        state.share[g], state.size[g], state.n_active[g] = draw_share_and_size(
            rng, state.delta[g], state.included[g], state.size[g], prior.share_a, prior.share_b,
            prior.size_median, prior.size_width,
        )  # fmt: skip
    store_shared(state.shared, state.log_d[0], state.anchor, state.u)


@block
def draw_covariances(rng, data, prior, state):
    """Sigma_g | rest ~ InverseWishart(kappa + p + 1 + n_g, kappa S* + S_g), exactly."""
    n_groups, p = state.log_d.shape
    psi = np.empty((p, p))
    for g in range(n_groups):
        kappa = state.kappa[g]
        for i in range(p):
            for j in range(p):
                scale = math.exp(state.log_d[g, i] + state.log_d[g, j])
                psi[i, j] = kappa * state.center[g, i, j] * scale + state.scatter[g, i, j]
        draw_inverse_wishart(rng, kappa + p + 1.0 + data.sizes[g], psi, state.sigma[g], state.omega[g])


@block
def draw_means(rng, data, prior, state):
    """Means, slopes and site effects given Sigma_g, and what their rows have in common."""
    draw_coefficients(rng, data, prior, state)
    q = state.w.shape[0]
    for r in range(q):
        if data.row_kind[r] == SITE:
            draw_sites(rng, r, data, prior, state)
            break


@block
def draw_people(rng, data, prior, state):
    """Missing volumes and weights given means and Sigma_g."""
    fitted = product(data.regressors, state.w)
    if data.any_missing:
        draw_missing(rng, state.y, fitted, data.missing, data.codes, state.omega, state.weight)
    if data.student:
        for i in range(fitted.shape[0]):
            for j in range(fitted.shape[1]):
                fitted[i, j] = state.y[i, j] - fitted[i, j]
        state.dof[0] = draw_weights(
            rng, fitted, data.codes, state.omega, state.weight, state.dof[0], prior.dof_shape, prior.dof_rate
        )
    cross_products(data.regressors, state.y, state.weight, data.codes, state.xx, state.xy, state.yy)


@block
def renew_scatter(rng, data, prior, state):
    """The residual scatter that the next sweep starts from."""
    residual_scatter(state.xx, state.xy, state.yy, state.w, state.scatter)
