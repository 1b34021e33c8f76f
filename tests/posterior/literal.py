"""The answers computed the slow way: loops over draws and edges, straight from the definitions."""

import math

import numpy as np


def event(c, g, threshold, margin):
    """What happened to one connection in one draw."""
    present_c, present_g = abs(c) > threshold, abs(g) > threshold
    if present_c and present_g and c * g < 0:
        return "reversed"
    if present_g and abs(g) - abs(c) > margin:
        return "added"
    if present_c and abs(c) - abs(g) > margin:
        return "missing"
    return "unchanged"


def partial(matrix):
    """Partial correlations by regressing both regions on all others."""
    p = len(matrix)
    result = np.eye(p)
    for i in range(p):
        for j in range(p):
            rest = [k for k in range(p) if k not in (i, j)]
            if i == j:
                continue
            both = matrix[np.ix_([i, j], [i, j])]
            if rest:
                cross = matrix[np.ix_([i, j], rest)]
                both = both - cross @ np.linalg.solve(matrix[np.ix_(rest, rest)], cross.T)
            result[i, j] = both[0, 1] / math.sqrt(both[0, 0] * both[1, 1])
    return result


def edge_answers(control, patient, threshold, margin):
    """Probabilities, means and evidence of one edge; lists of draws in, dict out."""
    found = [event(c, g, threshold, margin) for c, g in zip(control, patient, strict=True)]
    shares = {name: found.count(name) / len(found) for name in ("added", "missing", "reversed", "unchanged")}
    gain = [math.atanh(abs(g)) - math.atanh(abs(c)) for c, g in zip(control, patient, strict=True)]
    mean = sum(gain) / len(gain)
    sd = math.sqrt(sum((v - mean) ** 2 for v in gain) / len(gain))
    return shares, mean / sd


def z_of_volumes(design, g, edge):
    """By how many standard errors an absolute correlation of the volumes is stronger than the controls', on Fisher's scale."""
    p = design.y.shape[1]
    pair = [(i, j) for i in range(p) for j in range(i + 1, p)][edge]
    z, variance = [], 0.0
    for group in (0, g):
        a, b = design.y.values[design.population.values == group][:, pair].T
        z.append(math.atanh(abs(np.corrcoef(a, b)[0, 1])))
        variance += 1 / (len(a) - 3)
    return (z[1] - z[0]) / math.sqrt(variance)


def fdr_list(probabilities, fdr, wrong=0.0):
    """Indices called: try every cut-off value, keep the largest list of which few enough are expected to be wrong."""
    best = []
    for cut in sorted(set(probabilities), reverse=True):
        chosen = [i for i, p in enumerate(probabilities) if p >= cut]
        expected = sum(1 - probabilities[i] for i in chosen)
        few = expected / len(chosen) <= fdr + 1e-12 or expected <= wrong + 1e-12
        if few and len(chosen) > len(best):
            best = chosen
    return best
