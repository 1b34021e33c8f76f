r"""What the rows of W of all sites share: spread and symmetry, given W.

Row r ~ Normal(0, sd^2 C), C with ones on its diagonal, the symmetry c between homologous regions and zeros elsewhere. Sum and
difference of a pair are independent, with variances sd^2 (1 + c) and sd^2 (1 - c).
"""

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.scalars import draw_spread, draw_symmetry


@inner
def draw_sites(rng, first, data, prior, state):
    """Spread and symmetry of the rows from `first` on."""
    q, p = state.w.shape
    sums = np.zeros(3)
    for r in range(first, q):
        for k, x in enumerate(sums_of_squares(state.w[r], data.partner)):
            sums[k] += x
    sd, c, pairs = state.row_sd[first], state.row_symmetry[first], 0.0
    for j in range(p):
        pairs += 0.5 * (q - first) if data.partner[j] >= 0 else 0.0
    squares = sums[0] + sums[1] / (1.0 + c) + sums[2] / (1.0 - c)
    sd = draw_spread(rng, sd, float(p * (q - first)), squares, prior.site_scale)
    if data.paired:
        weights = np.array([pairs, sums[1] / sd**2, sums[2] / sd**2])
        c = draw_symmetry(rng, c, prior.symmetry_a, prior.symmetry_b, weights)
    for r in range(first, q):
        state.row_sd[r], state.row_symmetry[r] = sd, c


@inner
def sums_of_squares(departures, partner):
    """Of what stands alone, of the pairs' sums and of their differences, each over the square root of two."""
    alone, together, apart = 0.0, 0.0, 0.0
    for j in range(departures.shape[0]):
        k = partner[j]
        if k < 0:
            alone += departures[j] ** 2
        elif k < j:
            together += 0.5 * (departures[j] + departures[k]) ** 2
            apart += 0.5 * (departures[j] - departures[k]) ** 2
    return alone, together, apart
