r"""The level that R_0's prior is centred on, learned (family "common").

R_0 is the correlation matrix of S = s R_0 s ~ InverseWishart(nu, Psi), Psi = (1 - rho) I + rho 11', nu = p - 1 + 2 eta.
With t = 1 / s and K = R_0^-1, the density is |R_0|^(-(nu + p + 1) / 2) prod t_i^(nu - 1) dt exp(-1/2 t' (Psi o K) t), so each t_i
and the level rho have closed densities; given them the prior of R_0 is smooth. The state keeps Psi_ij t_i t_j, the pull.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import invert_spd_into
from bayescov.sampling.kernels.scalars import draw_category, draw_scale, raise_cells

CELLS = 30
SWEEPS = 4


@inner
def log_level_density(rho, p, nu, own, all_pairs):
    """Log density of rho: `own` is sum t_i^2 K_ii, `all_pairs` is t' K t."""
    logdet = math.log1p((p - 1.0) * rho) + (p - 1.0) * math.log1p(-rho)
    return 0.5 * nu * logdet - 0.5 * ((1.0 - rho) * own + rho * all_pairs)


@inner
def draw_level(rng, shared, eta, t, level, pull):
    """A few sweeps over the scales and the level given R_0, whose inverse costs more; `t`, `level` and `pull` change in place."""
    p = shared.shape[0]
    nu = p - 1.0 + 2.0 * eta
    inverse, work, work2 = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    if not invert_spd_into(shared, inverse, work, work2) > -1e200:
        return
    weights = np.empty(CELLS)
    for _ in range(SWEEPS):
        rho = level[0]
        for i in range(p):
            linear = 0.0
            for j in range(p):
                if j != i:
                    linear += rho * inverse[i, j] * t[j]
            t[i] = draw_scale(rng, t[i], nu, inverse[i, i], linear)
        own, all_pairs = 0.0, 0.0
        for i in range(p):
            own += t[i] * t[i] * inverse[i, i]
            for j in range(p):
                all_pairs += t[i] * inverse[i, j] * t[j]
        for c in range(CELLS):
            weights[c] = log_level_density((c + 0.5) / CELLS, p, nu, own, all_pairs)
        raise_cells(weights, weights.shape[0])
        chosen, _ = draw_category(rng, weights, weights.shape[0])
        new = (chosen + rng.random()) / CELLS
        ratio = log_level_density(new, p, nu, own, all_pairs) - weights[chosen]
        current = min(int(rho * CELLS), CELLS - 1)
        ratio -= log_level_density(rho, p, nu, own, all_pairs) - weights[current]
        if math.log(1.0 - rng.random()) < ratio:
            level[0] = new
    fill_pull(t, level[0], pull)


@inner
def fill_pull(t, rho, pull):
    """Psi_ij t_i t_j."""
    p = t.shape[0]
    for i in range(p):
        for j in range(p):
            pull[i, j] = t[i] * t[j] * (1.0 if i == j else rho)
