r"""What the groups share, and the collapsed densities of it.

Integrating every Sigma_g out leaves R_0, the SDs of the controls D_c and of the patient groups D_g, given the
residual scatter S_g, kappa and the single-edge departures Delta. The sampler moves

    u = (T, e, m, v)

where D_c R_0 D_c = L T^-1 T^-T L' with T lower-triangular (its diagonal on the log scale), L a fixed factor close to
the posterior mean, and log D_g = log D_c + m_g + v_g e_g (v_g of either sign: (v, e) and (-v, -e)
are one point, and a half-normal prior on |v| is a normal one on v). If the posterior of the shared covariance were
inverse-Wishart around L L', the elements of T would be exactly independent (Bartlett 1933), the off-diagonals normal:
so a plain Hamiltonian step with a diagonal metric moves homologues correlated at .9 as easily as anything else.
"""

import math

import numpy as np

from bayescov.sampling.kernels.compiling import inner
from bayescov.sampling.kernels.linalg import (
    cholesky_into,
    invert_lower_into,
    invert_spd_into,
    product,
    transposed,
)

# Families of the prior of R_0.
LKJ, MARGINAL, COMMON = 0, 1, 2


def size_of(p, n_groups):
    """Length of the vector u."""
    return p * (p + 1) // 2 + (n_groups - 1) * (p + 2)


@inner
def place_of_ratios(group, p):
    """Where in u the standardised log ratios e_g of a group's SDs begin."""
    return p * (p + 1) // 2 + (group - 1) * p


@inner
def place_of_shift(group, n_groups, p):
    """Where in u the average log ratio m_g of a group's SDs stands; their spread v_g, n_groups - 1 further on."""
    return place_of_ratios(n_groups, p) + group - 1


@inner
def unpack_factor(u, p, t):
    """Lower-triangular T from the head of u."""
    k = 0
    for i in range(p):
        for j in range(i):
            t[i, j] = u[k]
            t[j, i] = 0.0
            k += 1
        t[i, i] = math.exp(u[k])
        k += 1
    return k


@inner
def pack_factor(t, u):
    """The head of u from a lower-triangular T."""
    k = 0
    for i in range(t.shape[0]):
        for j in range(i):
            u[k] = t[i, j]
            k += 1
        u[k] = math.log(t[i, i])
        k += 1


@inner
def shared_matrix(u, anchor, log_d, correlation):
    """R_0 into `correlation` and log D of every group into `log_d` (G, p)."""
    n_groups, p = log_d.shape
    t = np.empty((p, p))
    k = unpack_factor(u, p, t)
    t_inverse = np.empty((p, p))
    invert_lower_into(t, t_inverse)
    c = product(anchor, t_inverse)
    covariance = product(c, transposed(c))
    for j in range(p):
        log_d[0, j] = 0.5 * math.log(covariance[j, j])
    for i in range(p):
        for j in range(p):
            correlation[i, j] = covariance[i, j] / math.sqrt(covariance[i, i] * covariance[j, j])
        correlation[i, i] = 1.0
    tail = k + (n_groups - 1) * p
    for g in range(1, n_groups):
        shift = u[tail + g - 1]
        size = u[tail + n_groups - 1 + g - 1]
        for j in range(p):
            log_d[g, j] = log_d[0, j] + shift + size * u[k + (g - 1) * p + j]


@inner
def start_of(r, coupling, kept):
    """A correlation of R_0 after a group's shift of all correlations, and times what its two regions keep.

    See `bayescov.model.CouplingPrior` and `AttenuationPrior`. Where the shift takes it below -1 no correlation is left, and
    the matrix is not positive definite.
    """
    return kept * (r if coupling == 0.0 else 1.0 - (1.0 - r) * math.exp(-coupling))


@inner
def fisher_sum(r, h):
    """The correlation whose Fisher z is that of r and that of h together."""
    return (r + h) / (1.0 + r * h)


@inner
def departed(shared, coupling, attenuation, delta, out):
    """R*_g: `shared` moved by the coupling, attenuated, then moved by `delta` on Fisher's z scale where delta is not zero."""
    p = shared.shape[0]
    smaller = math.exp(-coupling)
    for i in range(p):
        for j in range(i):
            r = shared[i, j] if coupling == 0.0 else 1.0 - (1.0 - shared[i, j]) * smaller
            out[i, j] = r * (attenuation[i] * attenuation[j])
    for i in range(p):
        out[i, i] = 1.0
        for j in range(i):
            if delta[i, j] != 0.0:
                out[i, j] = fisher_sum(out[i, j], math.tanh(delta[i, j]))
            out[j, i] = out[i, j]


@inner
def shared_prior(inverse, logdet, eta, family, pull, grad):
    """Log prior density of R_0 and its gradient.

    LKJ(eta): |R|^(eta - 1). Marginal: R is the correlation matrix of InverseWishart(nu, I), nu = p - 1 + 2 eta, so
    that every single correlation is Beta(eta, eta) on (-1, 1) whatever p is (Barnard, McCulloch and Meng 2000):
    |R|^(-(nu + p + 1) / 2) prod_i (R^-1)_ii^(-nu / 2). Common: see `bayescov.sampling.kernels.level`.
    """
    p = inverse.shape[0]
    if family == LKJ:
        for i in range(p):
            for j in range(p):
                grad[i, j] = (eta - 1.0) * inverse[i, j]
        return (eta - 1.0) * logdet
    nu = p - 1.0 + 2.0 * eta
    a = 0.5 * (nu + p + 1.0)
    value = -a * logdet
    scaled = np.empty((p, p))
    if family == COMMON:
        for i in range(p):
            for j in range(p):
                value -= 0.5 * pull[i, j] * inverse[i, j]
                scaled[i, j] = 0.5 * pull[i, j]
        scaled = product(inverse, scaled)
    else:
        for j in range(p):
            value -= 0.5 * nu * math.log(inverse[j, j])
            grad[0, j] = 0.5 * nu / inverse[j, j]
        for i in range(p):
            for j in range(p):
                scaled[i, j] = inverse[i, j] * grad[0, j]
    pulled = product(scaled, inverse)
    for i in range(p):
        for j in range(p):
            grad[i, j] = pulled[i, j] - a * inverse[i, j]
    return value


@inner
def log_determinant(a, work):
    """Log determinant, NaN where `a` is not positive definite."""
    if not cholesky_into(a, work):
        return np.nan
    value = 0.0
    for j in range(a.shape[0]):
        value += 2.0 * math.log(work[j, j])
    return value


@inner
def add_data_into(center, scaled, kappa, total):
    """The centre with the data, R*_g + C / kappa, into `total`."""
    for i in range(center.shape[0]):
        for j in range(center.shape[0]):
            total[i, j] = center[i, j] + scaled[i, j] / kappa


@inner
def group_density(center, scaled, kappa, n, total, work):
    """Log density of a group's data as a function of its centre R*_g; NaN outside the support. Two matrices of scratch."""
    nu = kappa + center.shape[0] + 1.0
    add_data_into(center, scaled, kappa, total)
    return 0.5 * nu * log_determinant(center, work) - 0.5 * (nu + n) * log_determinant(total, work)


@inner
def centers_density(shared, center, scaled, kappa, sizes, eta, family, pull):
    """Log density of R_0 and of all groups' data as a function of R_0 and the centres; NaN outside the support."""
    n_groups, p = center.shape[0], center.shape[1]
    inverse, work, total = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    value = shared_prior(inverse, invert_spd_into(shared, inverse, work, total), eta, family, pull, work)
    for g in range(n_groups):
        value += group_density(center[g], scaled[g], kappa[g], sizes[g], total, work)
    return value
