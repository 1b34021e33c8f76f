r"""The row of a region in every matrix, as what the region keeps takes it along.

Where no edge departs, row i of a group's centre moves from v to

    x v + kept (y_1 r_1 + y_2 r_2),     with the data to     x v + (1 - x) c + kept (y_1 r_1 + y_2 r_2),

x being what is kept over what was kept, c the row of the data, r_1 and r_2 the directions that R_0 gives way in (`yielding`), as the
group's other regions and its coupling have them; R_0 itself to v + y_1 r_1 + y_2 r_2. All determinants along the way come from the
quadratic forms of these few vectors (`rows`).
"""

import math
from collections import namedtuple

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import times
from bayescov.sampling.kernels.rows import VECTORS, add_common, add_image, form_at, present_image
from bayescov.sampling.kernels.shared import COMMON, fisher_sum, start_of
from bayescov.sampling.kernels.yielding import directions, say_of

# Places among a row's vectors, the row from before being the first: of the data's, and of the first of the directions.
DATA, DIRECTIONS = 1, 2

Forms = namedtuple("Forms", ["image", "gram", "pulled", "rows", "own", "n_own", "in_shared", "weight", "z"])


@inner
def empty_forms(n_groups, p):
    """Room for what the density needs of a row of each matrix that moves.

    `image` (1 + 2 G, 4, p) and `gram` (1 + 2 G, 4, 4) in the order of the inverses (`rows`); `pulled` (4, 4): what R_0's prior pulls;
    `rows` (2, p): the directions; `own` (G, p) and `n_own` (G,): the regions whose edge with this one departs;
    `in_shared` (4,), `weight` (4,) and `z` (p,): how a row is put together.
    """
    return Forms(
        np.zeros((1 + 2 * n_groups, VECTORS, p)),
        np.zeros((1 + 2 * n_groups, VECTORS, VECTORS)),
        np.zeros((VECTORS, VECTORS)),
        np.zeros((VECTORS - DIRECTIONS, p)),
        np.empty((n_groups, p), np.int64),
        np.zeros(n_groups, np.int64),
        np.empty(VECTORS),
        np.empty(VECTORS),
        np.empty(p),
    )


@inner
def moves(h, g, giving):
    """Whether the row of group h moves with what a region of group g keeps."""
    return giving or h == g


@inner
def look_up_rows(g, i, giving, without, between, inverse, forms, data, prior, state):
    """What the density needs of row i of each matrix that moves, into `forms`; returns s of `say_of`."""
    n_groups, p = state.center.shape[0], state.center.shape[1]
    left, u, vectors = 1.0, forms.image[0, DIRECTIONS:], np.empty((VECTORS, p))
    if giving:
        left = directions(g, i, without, between, data, state, u, forms.rows)
        look_up_shared(i, inverse[0], forms, prior, state)
    for h in range(n_groups):
        if not moves(h, g, giving):
            continue
        n_own, smaller = 0, math.exp(-state.coupling[h])
        for j in range(p):
            share = smaller * state.attenuation[h, j]
            if j == i or state.delta[h, i, j] != 0.0:
                share = 0.0
                if j != i:
                    forms.own[h, n_own] = j
                    n_own += 1
            vectors[DATA, j] = state.scaled[h, i, j] / state.kappa[h]
            for k in range(DIRECTIONS, VECTORS):
                vectors[k, j] = share * forms.rows[k - DIRECTIONS, j]
        forms.n_own[h] = n_own
        diagonal = 1.0 + vectors[DATA, i]
        vectors[DATA, i] = 0.0
        for m in range(1 + h, 1 + 2 * n_groups, n_groups):  # the centre, and with the data
            with_data = m > n_groups
            image, gram = forms.image[m], forms.gram[m]
            present_image(inverse[m], i, diagonal if with_data else 1.0, image, gram)
            for k in range(DATA if with_data else DIRECTIONS, VECTORS if giving else DIRECTIONS):
                add_image(inverse[m], i, vectors[k], k, image, gram)
    return left


@inner
def look_up_shared(i, inverse, forms, prior, state):
    """The same for R_0, whose directions are known, and beside it what its prior pulls.

    Its inverse is 1 / s at (i, i), -w / s beside it and R_rest^-1 + w w' / s once its row is v: pulled is (w, -1).
    """
    image, pulled = forms.image[0], np.empty((VECTORS, inverse.shape[0]))
    present_image(inverse, i, 1.0, image, forms.gram[0])
    for k in range(DIRECTIONS, VECTORS):
        add_common(forms.rows[k - DIRECTIONS], k, image, forms.gram[0])
    if prior.family == COMMON:
        image[DATA, i] = -1.0
        for k in range(VECTORS):
            times(state.pull, image[k], pulled[k])
            add_common(image[k], k, pulled, forms.pulled)
        image[DATA, i] = 0.0


@inner
def weights_in_shared(a, g, i, giving, left, state, weight):
    """How R_0's row is put together where region i of a group keeps `a`."""
    weight[0], weight[1], weight[2], weight[3] = 1.0, 0.0, 0.0, 0.0
    if giving:
        sigma, rho = say_of(a, left)
        before, before_rho = say_of(state.attenuation[g, i], left)
        weight[DIRECTIONS], weight[DIRECTIONS + 1] = sigma - before, before_rho - rho


@inner
def element_in_shared(weight, i, j, forms, state):
    """R_0's element (i, j) then."""
    r = state.shared[i, j]
    for k in range(DIRECTIONS, VECTORS):
        if weight[k] != 0.0:
            r += weight[k] * forms.rows[k - DIRECTIONS, j]
    return r


@inner
def weights_in_group(a, g, h, i, holding, in_shared, forms, state, weight, z):
    """How group h's row is put together: `weight` (4,) of the vectors, `z` of the elements that depart, in group g held or not."""
    before = state.attenuation[h, i]
    kept = a if h == g else before
    weight[0] = kept / before
    weight[DATA] = 1.0 - weight[0]
    for k in range(DIRECTIONS, VECTORS):
        weight[k] = kept * in_shared[k]
    for k in range(forms.n_own[h]):
        j = forms.own[h, k]
        r = element_in_shared(in_shared, i, j, forms, state)
        start = start_of(r, state.coupling[h], kept * state.attenuation[h, j])
        held = holding and h == g
        new = state.center[h, i, j] if held else fisher_sum(start, math.tanh(state.delta[h, i, j]))
        z[k] = new - weight[0] * state.center[h, i, j]


@inner
def what_is_left(m, weight, z, i, inverse, forms, state):
    """The variance of region i given the others in the matrix m of a group."""
    n_groups = state.center.shape[0]
    h, diagonal = (m - 1) % n_groups, 1.0
    if m > n_groups:
        diagonal += state.scaled[h, i, i] / state.kappa[h]
    return diagonal - form_at(
        weight, forms.own[h], forms.n_own[h], z, inverse[m], i, forms.image[m], forms.gram[m]
    )
