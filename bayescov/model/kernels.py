"""Compiled determinants of the graph, and their gradients. Plain arrays; symmetric matrices are kept below the diagonal."""

import numpy as np
from numba import njit

__all__ = [
    "correlation_terms", "correlation_terms_pullback", "edges_of_free", "edges_of_free_pullback", "scatter_logdet",
    "scatter_logdet_pullback",
]  # fmt: skip

# No `fastmath`: sums keep their order, so that a seed gives the same draws wherever the code was compiled. Inner loops
# run along rows, without a running sum, which is what makes them fast nevertheless.
compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def cholesky_in_place(a):
    """Lower factor of the symmetric `a` in its lower triangle; False if it is not positive definite."""
    p = a.shape[0]
    column = np.empty(p)
    for k in range(p):
        if not a[k, k] > 0.0:
            return False
        pivot = np.sqrt(a[k, k])
        a[k, k] = pivot
        for i in range(k + 1, p):
            a[i, k] /= pivot
            column[i] = a[i, k]
        for i in range(k + 1, p):
            for j in range(k + 1, i + 1):
                a[i, j] -= a[i, k] * column[j]
    return True


@compiled
def inverse_from_factor(factor):
    """(L L')^-1, both triangles, from the lower factor L."""
    p = factor.shape[0]
    inverted = np.zeros((p, p))
    for i in range(p):
        for k in range(i):
            for j in range(k + 1):
                inverted[i, j] -= factor[i, k] * inverted[k, j]
        for j in range(i):
            inverted[i, j] /= factor[i, i]
        inverted[i, i] = 1.0 / factor[i, i]
    inverse = np.zeros((p, p))
    for k in range(p):
        for i in range(k + 1):
            for j in range(i + 1):
                inverse[i, j] += inverted[k, i] * inverted[k, j]
    for i in range(p):
        for j in range(i):
            inverse[j, i] = inverse[i, j]
    return inverse


@compiled
def from_edges(edges, p):
    """The correlation matrix below the diagonal."""
    matrix = np.zeros((p, p))
    e = 0
    for i in range(p):
        matrix[i, i] = 1.0
        for j in range(i + 1, p):
            matrix[j, i] = edges[e]
            e += 1
    return matrix


@compiled
def n_regions(edges):
    """The number of regions that have this many edges."""
    return round((1.0 + np.sqrt(1.0 + 8.0 * edges.shape[0])) / 2.0)


@compiled
def correlation_terms(edges):
    """Log |R| and the logs of the diagonal of R^-1; minus infinity if R is not positive definite."""
    p = n_regions(edges)
    factor = from_edges(edges, p)
    terms = np.zeros(p + 1)
    if not cholesky_in_place(factor):
        terms[0] = -np.inf
        return terms
    inverse = inverse_from_factor(factor)
    for i in range(p):
        terms[0] += 2.0 * np.log(factor[i, i])
        terms[i + 1] = np.log(inverse[i, i])
    return terms


@compiled
def correlation_terms_pullback(edges, cotangent):
    """The gradient of cotangent' correlation_terms(edges)."""
    p = n_regions(edges)
    factor = from_edges(edges, p)
    gradient = np.zeros(edges.shape[0])
    if not cholesky_in_place(factor):
        return gradient
    inverse = inverse_from_factor(factor)
    matrix = np.zeros((p, p))
    for i in range(p):
        for j in range(i + 1):
            matrix[i, j] = cotangent[0] * inverse[i, j]
    for k in range(p):
        weight = cotangent[k + 1] / inverse[k, k]
        for i in range(p):
            for j in range(i + 1):
                matrix[i, j] -= weight * inverse[k, i] * inverse[k, j]
    e = 0
    for i in range(p):
        for j in range(i + 1, p):
            gradient[e] = 2.0 * matrix[j, i]
            e += 1
    return gradient


@compiled
def rows_of_free(free, p):
    """Unit rows of the Cholesky factor of R: row i of the free numbers, then a one, divided by its length."""
    rows = from_edges(free, p)
    for i in range(p):
        length = 0.0
        for j in range(i + 1):
            length += rows[i, j] * rows[i, j]
        length = np.sqrt(length)
        for j in range(i + 1):
            rows[i, j] /= length
    return rows


@compiled
def edges_of_free(free):
    """Any real numbers, one an edge -> the edges of a correlation matrix; the last element is log |R|."""
    p = n_regions(free)
    rows = rows_of_free(free, p)
    columns = np.ascontiguousarray(rows.T)
    out = np.empty(free.shape[0] + 1)
    product = np.empty(p)
    e = 0
    logdet = 0.0
    for i in range(p):
        logdet += 2.0 * np.log(rows[i, i])
        product[:] = 0.0
        for k in range(i + 1):
            for j in range(i + 1, p):
                product[j] += rows[i, k] * columns[k, j]
        for j in range(i + 1, p):
            out[e] = product[j]
            e += 1
    out[e] = logdet
    return out


@compiled
def edges_of_free_pullback(free, cotangent):
    """The gradient of cotangent' edges_of_free(free)."""
    p = n_regions(free)
    rows = rows_of_free(free, p)
    along = np.zeros((p, p))
    e = 0
    for i in range(p):
        for j in range(i + 1, p):
            for k in range(i + 1):
                along[i, k] += cotangent[e] * rows[j, k]
                along[j, k] += cotangent[e] * rows[i, k]
            e += 1
    for i in range(p):
        along[i, i] += 2.0 * cotangent[e] / rows[i, i]
    # through the division by the length: (I - row row') along / length, and 1 / length is the diagonal element
    gradient = np.empty(free.shape[0])
    for i in range(p):
        inner = 0.0
        for j in range(i + 1):
            inner += along[i, j] * rows[i, j]
        for j in range(i + 1):
            along[i, j] = (along[i, j] - inner * rows[i, j]) * rows[i, i]
    e = 0
    for i in range(p):
        for j in range(i + 1, p):
            gradient[e] = along[j, i]
            e += 1
    return gradient


@compiled
def residual_factor(factor, mean, common):
    """A with A'A = S_g: the triangular factor of [y, 1, x] times the coefficients [I; -mean; -common]."""
    q, p = factor.shape[0], mean.shape[0]
    out = np.empty((q, p))
    for row in range(q):
        for j in range(p):
            out[row, j] = factor[row, j] - factor[row, p] * mean[j]
        for k in range(common.shape[0]):
            for j in range(p):
                out[row, j] -= factor[row, p + 1 + k] * common[k, j]
    return out


@compiled
def posterior_scale(residual, scale, correlation):
    """Psi + S below the diagonal, psi_ij = scale_i scale_j r_ij."""
    p = scale.shape[0]
    total = np.empty((p, p))
    for i in range(p):
        for j in range(i + 1):
            total[i, j] = scale[i] * scale[j] * correlation[i, j]
    for row in range(residual.shape[0]):
        for i in range(p):
            for j in range(i + 1):
                total[i, j] += residual[row, i] * residual[row, j]
    return total


@compiled
def scatter_logdet(factor, mean, common, log_scale, edges, log_kappa):
    """Log |kappa_g D_g R D_g + S_g| of every population; NaN where that is not positive definite."""
    n_groups, p = mean.shape
    correlation = from_edges(edges, p)
    out = np.empty(n_groups)
    for g in range(n_groups):
        residual = residual_factor(factor[g], mean[g], common)
        total = posterior_scale(residual, np.exp(log_scale[g] + 0.5 * log_kappa[g]), correlation)
        out[g] = np.nan
        if cholesky_in_place(total):
            out[g] = 0.0
            for i in range(p):
                out[g] += 2.0 * np.log(total[i, i])
    return out


@compiled
def scatter_logdet_pullback(factor, mean, common, log_scale, edges, log_kappa, cotangent):
    """The gradients of cotangent' scatter_logdet(...) by mean, common, log_scale, edges and log_kappa."""
    n_groups, p = mean.shape
    q = factor.shape[1]
    correlation = from_edges(edges, p)
    d_mean, d_common = np.zeros((n_groups, p)), np.zeros(common.shape)
    d_log_scale, d_log_kappa = np.zeros((n_groups, p)), np.zeros(n_groups)
    d_correlation = np.zeros((p, p))
    d_edges = np.zeros(edges.shape[0])
    d_residual = np.empty(p)
    for g in range(n_groups):
        residual = residual_factor(factor[g], mean[g], common)
        scale = np.exp(log_scale[g] + 0.5 * log_kappa[g])
        total = posterior_scale(residual, scale, correlation)
        if not cholesky_in_place(total):
            continue
        inverse = inverse_from_factor(total)
        weight = 2.0 * cotangent[g]
        for row in range(q):
            d_residual[:] = 0.0
            for i in range(p):
                for j in range(p):
                    d_residual[j] += residual[row, i] * inverse[i, j]
            for j in range(p):
                d_mean[g, j] -= weight * factor[g, row, p] * d_residual[j]
            for k in range(common.shape[0]):
                for j in range(p):
                    d_common[k, j] -= weight * factor[g, row, p + 1 + k] * d_residual[j]
        for i in range(p):
            for j in range(i + 1):
                slope = weight * inverse[i, j] * scale[i] * scale[j]
                d_correlation[i, j] += slope
                share = slope * correlation[i, j]
                d_log_scale[g, i] += share
                if i == j:
                    d_log_kappa[g] += 0.5 * share
                else:
                    d_log_scale[g, j] += share
                    d_log_kappa[g] += share
    e = 0
    for i in range(p):
        for j in range(i + 1, p):
            d_edges[e] = d_correlation[j, i]
            e += 1
    return d_mean, d_common, d_log_scale, d_edges, d_log_kappa
