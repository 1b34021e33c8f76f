"""The inverses that the moves of edges are worked out from, kept up to date while edges move."""

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import copy_into, invert_spd_into, product
from bayescov.sampling.kernels.shared import COMMON, add_data_into


@inner
def invert_all(shared, center, scaled, kappa, inverse):
    """The inverses of R_0, of the centres and of the centres with the data: (1 + 2 G, p, p)."""
    n_groups, p = center.shape[0], center.shape[1]
    work, work2, total = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    for m in range(1 + 2 * n_groups):  # one loop, so that inverting is compiled in once
        g = (m - 1) % n_groups
        if m == 0:
            copy_into(shared, total)
        elif m <= n_groups:
            copy_into(center[g], total)
        else:
            add_data_into(center[g], scaled[g], kappa[g], total)
        invert_spd_into(total, inverse[m], work, work2)


@inner
def invert_center(center, scaled, kappa, inverse):
    """The inverses of one group's centre, and of it with the data: (2, p, p)."""
    p = center.shape[0]
    work, work2, total = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    copy_into(center, total)
    for m in range(2):
        if m == 1:
            add_data_into(center, scaled, kappa, total)
        invert_spd_into(total, inverse[m], work, work2)


@inner
def pull_through(inverse, family, pull, pulled):
    """R_0^-1 pull R_0^-1, where the prior has a pull."""
    if family == COMMON:
        copy_into(product(product(inverse, pull), inverse), pulled)
