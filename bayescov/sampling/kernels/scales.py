"""The scale of a whole group: a direction that is long and narrow to the trajectories, which move every SD by itself.

log D_g = log D_c + m_g + v_g e_g. A shift of all log D_c, or of one m_g, leaves the correlations alone; with the eigenvalues of
R*^-1 C known (see `closeness`) its density costs O(p).
"""

import math

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.scalars import draw_shift
from bayescov.sampling.kernels.shared import place_of_shift


@inner
def draw_scales(rng, eigenvalues, sizes, kappa, log_d, u, control_sd, shift_sd):
    """Shift log D of each group by itself; `eigenvalues` (G, p), `log_d` (G, p) and `u` follow, the correlations stay."""
    n_groups, p = log_d.shape
    for g in range(n_groups):
        linear, square = 0.0, 1.0 / shift_sd**2
        if g > 0:
            linear = -u[place_of_shift(g, n_groups, p)] / shift_sd**2
        else:  # the controls alone: the ratios of all others to them shift the other way
            square = p / control_sd**2 + (n_groups - 1) / shift_sd**2
            for j in range(p):
                linear -= log_d[0, j] / control_sd**2
            for k in range(1, n_groups):
                linear += u[place_of_shift(k, n_groups, p)] / shift_sd**2
        shift = draw_shift(rng, kappa[g], sizes[g], linear, square, eigenvalues[g])
        for j in range(p):
            log_d[g, j] += shift
            eigenvalues[g, j] *= math.exp(-2.0 * shift)
        if g > 0:
            u[place_of_shift(g, n_groups, p)] += shift
            continue
        for k in range(1, n_groups):
            u[place_of_shift(k, n_groups, p)] -= shift
        k = 0
        for i in range(p):  # D_c R_0 D_c = L T^-1 T^-T L', so T shrinks
            for _ in range(i):
                u[k] *= math.exp(-shift)
                k += 1
            u[k] -= shift
            k += 1
