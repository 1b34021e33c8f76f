"""Exact draws of Sigma_g given everything else: inverse-Wishart, as correlations and standard deviations."""

import numpy as np
import numpy.typing as npt

from bayescov.design import to_edges

__all__ = ["draw_correlation_and_sd", "inverse_wishart_factors"]

Floats = npt.NDArray[np.float64]


def inverse_wishart_factors(psi: Floats, dof: Floats, rng: np.random.Generator) -> Floats:
    """X with X X' ~ InverseWishart(dof, psi), one a matrix of `psi`.

    With L L' = psi and T lower-triangular, T'T ~ Wishart(dof, I) (Bartlett's decomposition read from the last row up),
    X = L T^-1, so that no full matrix is inverted.

    Parameters
    ----------
    psi : array (..., region, region)
        Symmetric positive definite.
    dof : array (...)
        More than the number of regions less one.
    rng : numpy.random.Generator

    Returns
    -------
    array (..., region, region)
        Lower-triangular.
    """
    p = psi.shape[-1]
    dof = np.broadcast_to(np.asarray(dof, dtype=float), psi.shape[:-2])
    bartlett = np.tril(rng.standard_normal(psi.shape), -1)
    diagonal = np.sqrt(rng.chisquare(dof[..., None] - np.arange(p - 1, -1, -1)))
    bartlett[..., np.arange(p), np.arange(p)] = diagonal
    root = np.linalg.cholesky(psi)
    return np.swapaxes(np.linalg.solve(np.swapaxes(bartlett, -1, -2), np.swapaxes(root, -1, -2)), -1, -2)


def draw_correlation_and_sd(psi: Floats, dof: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Correlations (..., edge) and standard deviations (..., region) of draws from InverseWishart(dof, psi)."""
    factors = inverse_wishart_factors(psi, dof, rng)
    sd = np.sqrt((factors**2).sum(axis=-1))
    factors /= sd[..., None]
    correlation = to_edges(factors @ np.swapaxes(factors, -1, -2))
    return np.clip(correlation, -1.0, 1.0), sd
