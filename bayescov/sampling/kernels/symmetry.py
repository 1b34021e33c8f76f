r"""How alike left and right are in a row of W: the correlation between homologous regions' departures from the row's mean.

Row r ~ Normal(mean_r, sd_r^2 C), C with ones on its diagonal, the symmetry c_r between homologues and zeros elsewhere. Sum and
difference of a pair are independent, with variances sd^2 (1 + c) and sd^2 (1 - c). The symmetry is drawn given W (centred), and
given the standardised sums and differences (non-centred), where W moves with it. Pairs that are not included (`focal`) take no part.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.scalars import draw_symmetry


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


@inner
def draw_symmetries(
    rng, xx, xy, omega, first, last, row_mean, row_sd, row_symmetry, row_included, w, partner, a, b
):
    """The symmetry that rows `first` to `last` share, given W and then, W moving, given what is standardised."""
    p = w.shape[1]
    weights, departures = np.zeros(8), np.empty(p)
    for r in range(first, last):
        for j in range(p):
            departures[j] = row_included[r, j] * (w[r, j] - row_mean[r]) / row_sd[r]
            weights[0] += 0.5 * (partner[j] >= 0 and row_included[r, j] == 1)
        _, together, apart = sums_of_squares(departures, partner)
        weights[1] += together
        weights[2] += apart
    c = draw_symmetry(rng, row_symmetry[first], a, b, weights)
    c = _draw_non_centred(rng, xx, xy, omega, first, last, row_mean, c, row_included, w, partner, a, b)
    for r in range(first, last):
        row_symmetry[r] = c


@inner
def _draw_non_centred(rng, xx, xy, omega, first, last, row_mean, c, row_included, w, partner, a, b):
    n_groups, q = xx.shape[0], xx.shape[1]
    p = w.shape[1]
    rows = last - first
    # W = fixed + sqrt(1 + c) together + sqrt(1 - c) apart
    fixed, together, apart = w.copy(), np.zeros((rows, p)), np.zeros((rows, p))
    for r in range(first, last):
        for j in range(p):
            k = partner[j]
            if k >= 0 and row_included[r, j] == 1:
                fixed[r, j] = row_mean[r]
                together[r - first, j] = (0.5 * (w[r, j] + w[r, k]) - row_mean[r]) / math.sqrt(1.0 + c)
                apart[r - first, j] = 0.5 * (w[r, j] - w[r, k]) / math.sqrt(1.0 - c)
    weights = np.zeros(8)
    rest = np.empty(p)
    for g in range(n_groups):
        for r in range(rows):
            for j in range(p):
                rest[j] = xy[g, first + r, j]
                for s in range(q):
                    rest[j] -= xx[g, first + r, s] * fixed[s, j]
            for i in range(p):
                pull = 0.0
                for j in range(p):
                    pull += omega[g, i, j] * rest[j]
                weights[3] += together[r, i] * pull
                weights[4] += apart[r, i] * pull
            for s in range(rows):
                both = xx[g, first + r, first + s]
                if both != 0.0:
                    for i in range(p):
                        one, other = 0.0, 0.0
                        for j in range(p):
                            one += omega[g, i, j] * together[s, j]
                            other += omega[g, i, j] * apart[s, j]
                        weights[5] += both * together[r, i] * one
                        weights[6] += both * together[r, i] * other
                        weights[7] += both * apart[r, i] * other
    c = draw_symmetry(rng, c, a, b, weights)
    for r in range(rows):
        for j in range(p):
            if partner[j] >= 0 and row_included[first + r, j] == 1:
                moved = math.sqrt(1.0 + c) * together[r, j] + math.sqrt(1.0 - c) * apart[r, j]
                w[first + r, j] = row_mean[first + r] + moved
    return c
