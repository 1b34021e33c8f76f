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
    invert_spd_into(shared, inverse[0], work, work2)
    for g in range(n_groups):
        add_data_into(center[g], scaled[g], kappa[g], total)
        invert_spd_into(center[g], inverse[1 + g], work, work2)
        invert_spd_into(total, inverse[1 + n_groups + g], work, work2)


@inner
def pull_through(inverse, family, pull, pulled):
    """R_0^-1 pull R_0^-1, where the prior has a pull."""
    if family == COMMON:
        copy_into(product(product(inverse, pull), inverse), pulled)
