"""A Cohort -> the arrays a model sees, and back to units."""

from bayescov.design.arrays import Design, require_design
from bayescov.design.edges import edge_pairs, from_edges, to_edges
from bayescov.design.prepare import prepare

__all__ = ["Design", "edge_pairs", "from_edges", "prepare", "require_design", "to_edges"]
