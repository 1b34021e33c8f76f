"""Figures for papers: each function takes answers and returns a matplotlib axis or figure; save them as PDF or SVG."""

from bayescov.report.figures.connections import plot_connections
from bayescov.report.figures.connectome import plot_connectome
from bayescov.report.figures.counts import plot_counts
from bayescov.report.figures.matrices import plot_matrices
from bayescov.report.figures.reliability import plot_reliability
from bayescov.report.figures.sensitivity import plot_sensitivity
from bayescov.report.figures.volumes import plot_volumes

__all__ = [
    "plot_connections", "plot_connectome", "plot_counts", "plot_matrices", "plot_reliability", "plot_sensitivity",
    "plot_volumes",
]  # fmt: skip
