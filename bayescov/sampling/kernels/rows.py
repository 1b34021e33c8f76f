r"""What moving one row of a positive definite matrix does to its determinant and its inverse.

Let row i and its mirror image move to v, its diagonal element staying d. With Q the inverse over the other rows, and k the row i of
the inverse K from before,

    |R| = |R_rest| (d - v' Q v),     Q = K_rest - k k' / k_ii,

and once it moved the inverse is Q + w w' / s, beside it -w / s and 1 / s at (i, i), where w = Q v and s = d - v' w. Of the row from
before w is -k / k_ii, without a product. So where v is put together from a few vectors and from a few elements by themselves,
v' Q v is a quadratic form of their weights, found once for every place it is asked at.
"""

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import times

VECTORS = 2  # that a row is put together from; the first is the row from before


@inner
def present_image(inverse, i, diagonal, image, gram):
    """Q v of the row from before into `image[0]`, and its v' Q v, into `gram[0, 0]`."""
    for j in range(inverse.shape[0]):
        image[0, j] = -inverse[i, j] / inverse[i, i]
    image[0, i] = 0.0
    gram[0, 0] = diagonal - 1.0 / inverse[i, i]


@inner
def times_without(inverse, i, v, out):
    """Q v, v being 0 at i, as `out` will be."""
    times(inverse, v, out)
    less = out[i] / inverse[i, i]
    for j in range(v.shape[0]):
        out[j] -= less * inverse[i, j]
    out[i] = 0.0


@inner
def add_image(inverse, i, v, k, image, gram):
    """Q v into `image[k]`, v being 0 at i, and its forms with the vectors before it, and with itself, into `gram` (2, 2)."""
    times_without(inverse, i, v, image[k])
    for m in range(k + 1):
        common, other = 0.0, image[m]
        for j in range(v.shape[0]):
            common += v[j] * other[j]
        gram[m, k] = gram[k, m] = common


@inner
def quadratic(weight, gram):
    """The quadratic form of the vectors by `weight` (2,)."""
    value = 0.0
    for k in range(VECTORS):
        along = 0.5 * weight[k] * gram[k, k]
        for m in range(k):
            along += weight[m] * gram[k, m]
        value += 2.0 * weight[k] * along
    return value


@inner
def form_at(weight, own, n_own, z, inverse, i, image, gram):
    """The form v' Q v of the vectors by `weight` (2,), and of the elements at `own[:n_own]` by `z`."""
    value = quadratic(weight, gram)
    for a in range(n_own):
        j, along = own[a], 0.0
        for k in range(VECTORS):
            along += weight[k] * image[k, j]
        for b in range(n_own):
            along += 0.5 * z[b] * (inverse[j, own[b]] - inverse[i, j] * inverse[i, own[b]] / inverse[i, i])
        value += 2.0 * z[a] * along
    return value


@inner
def move_row(weight, own, n_own, z, left, i, image, inverse):
    """Update an inverse in place after the row moved there; `left` is s."""
    p = inverse.shape[0]
    before, after, corner = np.empty(p), np.empty(p), inverse[i, i]
    for j in range(p):
        before[j], after[j] = inverse[i, j], 0.0
        for k in range(VECTORS):
            after[j] += weight[k] * image[k, j]
    for a in range(n_own):
        row, less = inverse[own[a]], before[own[a]] / corner
        for j in range(p):
            after[j] += z[a] * (row[j] - less * before[j])
    after[i] = 0.0
    set_row(inverse, i, after, left)


@inner
def set_row(inverse, i, after, left):
    """The same, given w of the row where it moved to."""
    p, corner = inverse.shape[0], inverse[i, i]
    before = inverse[i].copy()
    for j in range(p):
        x, y, row = after[j] / left, before[j] / corner, inverse[j]
        for m in range(p):
            row[m] += x * after[m] - y * before[m]
    for j in range(p):
        inverse[i, j] = inverse[j, i] = -after[j] / left
    inverse[i, i] = 1.0 / left
