"""Slow, literal versions of the tests, one permutation and one edge at a time, with numpy's correlations."""

import numpy as np
from scipy import stats

TIE = 1e-9


def edges(p):
    return [(a, b) for a in range(p) for b in range(a + 1, p)]


def correlation(x, a, b, kind):
    """One correlation of one group, and the number of people it is worth."""
    if kind == "partial":
        others = [j for j in range(x.shape[1]) if j not in (a, b)]
        given = np.column_stack([np.ones(len(x)), x[:, others]])
        left = x[:, [a, b]] - given @ np.linalg.lstsq(given, x[:, [a, b]], rcond=None)[0]
        return np.corrcoef(left.T)[0, 1], len(x) - len(others)
    seen = np.isfinite(x[:, a]) & np.isfinite(x[:, b])
    one, two = x[seen, a], x[seen, b]
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return 0.0, seen.sum()
    if kind == "spearman":
        one, two = stats.rankdata(one), stats.rankdata(two)
    return np.corrcoef(one, two)[0, 1], seen.sum()


def score(patients, controls, kind, inflation=0.0):
    """(edge,): differences of Fisher's z in their standard errors."""
    factor = 1.06 if kind == "spearman" else 1.0
    result = []
    for a, b in edges(patients.shape[1]):
        r_g, n_g = correlation(patients, a, b, kind)
        r_c, n_c = correlation(controls, a, b, kind)
        if n_g < 4 or n_c < 4:
            result.append(0.0)
            continue
        variance = factor / (n_g - 3) + factor / (n_c - 3) + inflation
        r_g, r_c = np.clip([r_g, r_c], -1 + 1e-12, 1 - 1e-12)  # Spearman's can be exactly one
        result.append((np.arctanh(r_g) - np.arctanh(r_c)) / np.sqrt(variance))
    return np.array(result)


def permuted_scores(left, position, chosen):
    """(permutation, edge) of the labels `chosen`: the people put into the smaller group, controls counted first."""
    controls, patients = left.of(0), left.of(position)
    pooled = np.vstack([controls, patients])
    scores = []
    for people in chosen:
        inside = np.isin(np.arange(len(pooled)), people)
        smaller, larger = pooled[inside], pooled[~inside]
        pair = (smaller, larger) if len(patients) <= len(controls) else (larger, smaller)
        scores.append(score(*pair, left.kind))
    return np.array(scores)


def p_values(left, position, chosen):
    """p of each edge, of each edge against the largest statistic, and of all edges at once."""
    observed = np.abs(score(left.of(position), left.of(0), left.kind, left.inflation[position]))
    permuted = np.abs(permuted_scores(left, position, chosen))
    n = len(chosen) + 1
    edge = (1 + (permuted >= observed - TIE).sum(axis=0)) / n
    largest = (1 + (permuted.max(axis=1)[:, None] >= observed - TIE).sum(axis=0)) / n
    # The global statistic adds tanh(z_g - z_c)^2; with complete data each z difference has one standard error.
    unit = 1.0
    if not np.isnan(left.values).any():
        sizes = [len(left.of(0)), len(left.of(position))]
        less = left.values.shape[1] - 2 if left.kind == "partial" else 0
        factor = 1.06 if left.kind == "spearman" else 1.0
        unit = np.sqrt(sum(factor / (m - less - 3) for m in sizes))
        observed, permuted = np.tanh(observed * unit), np.tanh(permuted * unit)
    total = (1 + ((permuted**2).sum(axis=1) >= (observed**2).sum() * (1 - TIE) - TIE).sum()) / n
    return edge, largest, total
