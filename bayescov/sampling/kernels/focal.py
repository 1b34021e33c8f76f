r"""Which structures of a patient group differ from the controls, all of W, the rows' means and the groups' shares integrated out.

A structure is a region, or left and right of it. One after the other is switched by the ratio of the evidence (George and McCulloch
1993). Where none differs, spread and symmetry may be anything, and hardly ever are what a first structure needs; so all of a row is
also taken from its prior at once, or taken away.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.evidence import log_evidence
from bayescov.sampling.kernels.scalars import draw_share

LEAST = 1e-12  # of a spread, in units of its scale


@inner
def draw_included(rng, r, estimate, error, data, prior, state):
    """Which structures of row r differ, and their share; spread and symmetry move with all of them."""
    p, on = estimate.shape[0], state.row_included[r]
    work = np.empty((2, p, p))
    structures, differing = 0.0, 0.0
    for j in range(p):
        structures += data.partner[j] <= j  # once a structure
    value = log_evidence(r, estimate, error, data, prior, state, work)
    value = renew_row(rng, r, structures, value, estimate, error, data, prior, state, work)
    for j in range(p):
        differing += on[j] if data.partner[j] <= j else 0.0
    for j in range(p):
        if data.partner[j] > j:
            continue
        differing -= on[j]
        log_odds = math.log((prior.focal_a + differing) / (prior.focal_b + structures - 1 - differing))
        mark(j, data.partner[j], 1 - on[j], on)
        new = log_evidence(r, estimate, error, data, prior, state, work)
        if math.log(1.0 - rng.random()) < new - value + (log_odds if on[j] == 1 else -log_odds):
            value = new
        else:
            mark(j, data.partner[j], 1 - on[j], on)
        differing += on[j]
    state.row_share[r] = draw_share(rng, prior.focal_a + differing, prior.focal_b + structures - differing)


@inner
def mark(j, k, differs, on):
    """The structure of region j, and of k unless that is negative: whether it differs."""
    on[j] = differs
    if k >= 0:
        on[k] = differs


@inner
def renew_row(rng, r, structures, value, estimate, error, data, prior, state, work):
    """Where nothing of row r differs, all that it has from its prior; else nothing. Returns the evidence, of which `value` was the old.

    What is proposed from its prior cancels; what is left is the evidence, and how probable nothing is by the prior.
    """
    p, on, differing = estimate.shape[0], state.row_included[r], 0
    kept, sd, symmetry = np.empty(p, np.int8), state.row_sd[r], state.row_symmetry[r]
    for j in range(p):
        kept[j] = on[j]
        differing += on[j]
    share = draw_share(rng, prior.focal_a, prior.focal_b) if differing == 0 else 0.0
    for j in range(p):
        if data.partner[j] <= j:
            mark(j, data.partner[j], 1 if rng.random() < share else 0, on)
    state.row_sd[r] = prior.spread_scale * max(abs(rng.standard_normal()), LEAST)
    if data.paired:
        state.row_symmetry[r] = draw_share(rng, prior.symmetry_a, prior.symmetry_b)
    new = log_evidence(r, estimate, error, data, prior, state, work)
    nothing = log_of_none(prior.focal_a, prior.focal_b, structures)
    if math.log(1.0 - rng.random()) < new - value + (nothing if differing > 0 else -nothing):
        return new
    for j in range(p):
        on[j] = kept[j]
    state.row_sd[r], state.row_symmetry[r] = sd, symmetry
    return value


@inner
def log_of_none(a, b, structures):
    """Log of the chance that none of the structures differs, their share ~ Beta(a, b)."""
    return math.lgamma(a + b) + math.lgamma(b + structures) - math.lgamma(b) - math.lgamma(a + b + structures)
