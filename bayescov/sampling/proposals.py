"""What the data say beforehand of the moves: scales of departures and couplings, and blocks of edges that switch together."""

import numpy as np
import numpy.typing as npt

from bayescov.design import Design

__all__ = ["blocks_of", "coupling_information", "residual_correlations", "unit_of"]

Floats = npt.NDArray[np.float64]

BORROWED = 5.0  # people, where a group's own correlations are drawn towards the pooled ones


def residual_correlations(design: Design) -> tuple[Floats, Floats]:
    """Correlations of each population's residuals, and the pooled ones, drawn a little towards zero."""
    codes = design.population.values
    y = np.nan_to_num(design.y.values)
    regressors = design.regressors()
    residuals = y - regressors @ np.linalg.lstsq(regressors, y, rcond=None)[0]
    found = []
    for g in range(len(design.populations)):
        part = residuals[codes == g]
        scatter = part.T @ part + 1e-9 * np.eye(y.shape[1])
        sd = np.sqrt(np.diag(scatter))
        found.append(scatter / np.outer(sd, sd))
    each = np.array(found)
    n = design.sizes
    pooled = np.tensordot(n / n.sum(), each, 1)
    weight = n.sum() / (n.sum() + len(pooled))
    return each, weight * pooled + (1.0 - weight) * np.eye(len(pooled))


def unit_of(pooled: Floats) -> Floats:
    """(region, region): the geometric mean of two regions' precisions given all others but each other.

    In this unit the element of an inverse matrix is a partial correlation r through r / (1 - r^2).
    """
    inverse = np.linalg.inv(pooled)
    variances = np.diag(inverse)
    unit = np.sqrt(np.outer(variances, variances))
    return np.ascontiguousarray(unit - inverse**2 / unit + np.eye(len(pooled)))


def coupling_information(each: Floats, pooled: Floats, sizes: Floats) -> Floats:
    """(group,): a tenth of what a group's people tell of its coupling, since all else gives way when one moves."""
    n = sizes[:, None, None]
    inverse = np.linalg.inv((n * each + BORROWED * pooled) / (n + BORROWED))
    along = inverse @ (1.0 - pooled)
    return np.asarray(0.05 * sizes * np.einsum("gij,gji->g", along, along))


def blocks_of(
    each: Floats, pooled: Floats, sizes: Floats
) -> tuple[npt.NDArray[np.int64], Floats, Floats, Floats]:
    """Blocks of edges to switch together, (block, 4): a region or two partners, and another one or two (-1: none).

    A region's partner is the one it is most correlated with, usually its homologue. Beside the blocks, for every
    population, the cumulated chances of trying each, and the shift to propose around with its spread. These are a
    step of Newton's method from the pooled correlations, all other edges held: gradient over information along the
    block, for which a group's likelihood has closed forms.
    """
    p = len(pooled)
    partner = (np.abs(pooled) - 2.0 * np.eye(p)).argmax(axis=1)
    pairs = sorted({(min(i, int(partner[i])), max(i, int(partner[i]))) for i in range(p)})
    rows = [(i, -1, j, -1) for i in range(p) for j in range(i + 1, p)]
    if p > 2:
        rows += [(*pair, j, -1) for pair in pairs for j in range(p) if j not in pair]
        rows += [(*a, *b) for k, a in enumerate(pairs) for b in pairs[k + 1 :] if not set(a) & set(b)]
    blocks = np.array(rows, dtype=np.int64)
    u, v = _indicators(blocks[:, :2], p), _indicators(blocks[:, 2:], p)
    inverse = np.linalg.inv(pooled)
    n = sizes[:, None]
    information = np.einsum("bi,ij,bj->b", u, inverse, u) * np.einsum("bi,ij,bj->b", v, inverse, v)
    information = n * (information + np.einsum("bi,ij,bj->b", u, inverse, v) ** 2)
    pull = inverse @ (each - pooled) @ inverse
    gradient = n * np.einsum("bi,gij,bj->gb", u, pull, v)
    spread = np.clip(1.5 / np.sqrt(information), 0.04, 0.3)
    middle = np.clip(gradient / information / (1.0 - n / n.sum()), -0.6, 0.6)
    chance = np.exp(1.5 * np.minimum(np.abs(gradient) / np.sqrt(information), 4.0))
    return blocks, np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1), middle, spread


def _indicators(positions: npt.NDArray[np.int64], p: int) -> Floats:
    """(block, region): one at the positions that are not -1."""
    return np.eye(p + 1)[positions].sum(axis=1)[:, :p]
