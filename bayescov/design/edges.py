"""Edges: the pairs of regions, their order and their labels."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["edge_coordinates", "edge_pairs", "from_edges", "to_edges"]


def edge_pairs(n_regions: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of every edge: the upper triangle, row by row."""
    rows, columns = np.triu_indices(n_regions, 1)
    return rows, columns


def edge_coordinates(regions: Sequence[str]) -> dict[str, object]:
    """Coordinates of the ``edge`` dimension: its label, ``region_a`` and ``region_b``."""
    rows, columns = edge_pairs(len(regions))
    names = np.array(regions, dtype=object)
    labels = np.array([f"{a} ~ {b}" for a, b in zip(names[rows], names[columns], strict=True)], dtype=object)
    return {"edge": labels, "region_a": ("edge", names[rows]), "region_b": ("edge", names[columns])}


def to_edges(matrices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Upper triangles of (..., region, region) as (..., edge)."""
    rows, columns = edge_pairs(matrices.shape[-1])
    return matrices[..., rows, columns]


def from_edges(values: npt.NDArray[np.float64], diagonal: float = 1.0) -> npt.NDArray[np.float64]:
    """Symmetric matrices (..., region, region) from (..., edge), with a constant diagonal."""
    n_edges = values.shape[-1]
    n_regions = round((1 + np.sqrt(1 + 8 * n_edges)) / 2)
    rows, columns = edge_pairs(n_regions)
    matrices = np.empty((*values.shape[:-1], n_regions, n_regions))
    matrices[..., np.arange(n_regions), np.arange(n_regions)] = diagonal
    matrices[..., rows, columns] = values
    matrices[..., columns, rows] = values
    return matrices
