"""Correlation matrices for simulation: the nearest valid one, jitter, and the healthy matrix for any number of regions."""

from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["healthy_correlation", "jitter", "nearest_correlation", "packaged_table"]

Floats = npt.NDArray[np.float64]
FLOOR = 0.05


def packaged_table(name: str) -> pd.DataFrame:
    """One of the small tables beside this file (`tables/SOURCES.md` says where each number comes from)."""
    with (files("bayescov.simulate") / "tables" / f"{name}.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle)


def nearest_correlation(matrix: Floats, *, floor: float = FLOOR) -> Floats:
    """The correlation matrix nearest to `matrix` (Frobenius) whose eigenvalues are all at least `floor`.

    Alternating projections with Dykstra's correction, ending on a unit diagonal.

    Parameters
    ----------
    matrix : numpy.ndarray
        (region, region), symmetric.
    floor : float
        Smallest eigenvalue allowed, below 1.

    References
    ----------
    Higham, N. J. (2002). Computing the nearest correlation matrix. IMA J. Numer. Anal. 22.

    Examples
    --------
    >>> import numpy as np
    >>> nearest_correlation(np.array([[1.0, 2.0], [2.0, 1.0]])).round(2)
    array([[1.  , 0.95],
           [0.95, 1.  ]])
    """
    current = np.array(matrix, dtype=float)
    correction = np.zeros_like(current)
    for _ in range(1000):
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        lifted = (vectors * np.maximum(values, floor)) @ vectors.T
        correction = lifted - shifted
        current = lifted.copy()
        np.fill_diagonal(current, 1.0)
        if np.abs(current - lifted).max() < 1e-10:
            break
    # what is left of the tolerance is taken by mixing in a trace of the identity
    shortfall = floor - np.linalg.eigvalsh(current)[0]
    if shortfall > 0:
        weight = min(1.0, shortfall / (1.0 - floor + shortfall))
        current = (1.0 - weight) * current + weight * np.eye(len(current))
    return (current + current.T) / 2


def jitter(correlation: Floats, rng: np.random.Generator, *, people: int = 200) -> Floats:
    """The sample correlation of `people` draws from Normal(0, `correlation`), made valid: a matrix of its kind."""
    draws = rng.multivariate_normal(np.zeros(len(correlation)), correlation, people, method="cholesky")
    return nearest_correlation(np.asarray(np.corrcoef(draws.T)))


def healthy_correlation(n_regions: int) -> tuple[Floats, tuple[str, ...]]:
    """Healthy correlations of `n_regions` regions, left and right of each structure, and the regions' names.

    Up to 14 regions: structures of the packaged healthy matrix (without the brain-stem), in its order. More: several
    copies of it, regions of different copies correlating half as much as they would within one.

    Returns
    -------
    correlation : numpy.ndarray
        (region, region), positive definite. All left regions first, then all right.
    regions : tuple of str
    """
    table = packaged_table("healthy_correlation").set_index("region").drop(index="Brain-Stem")
    structures = [name.removeprefix("Left-") for name in table.index if name.startswith("Left-")]
    n_left = (n_regions + 1) // 2
    copies = -(-n_left // len(structures))
    between = np.full((copies, copies), 0.5)
    np.fill_diagonal(between, 1.0)

    lefts = [(copy, s) for copy in range(copies) for s in structures][:n_left]
    chosen = [("Left", *x) for x in lefts] + [("Right", *x) for x in lefts][: n_regions - n_left]
    base = [f"{side}-{structure}" for side, _, structure in chosen]
    of_copy = np.array([copy for _, copy, _ in chosen])
    healthy = table.loc[base, base].to_numpy()
    names = tuple(
        name if copy == 0 else f"{name}-{copy + 1}" for name, copy in zip(base, of_copy, strict=True)
    )
    return healthy * between[np.ix_(of_copy, of_copy)], names
