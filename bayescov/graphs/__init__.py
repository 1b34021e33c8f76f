"""Graph measures of correlation matrices: plain arrays in, plain numbers out."""

from bayescov.graphs.measures import GLOBAL_MEASURES, REGIONAL_MEASURES, Measured, measure, require_threshold

__all__ = ["GLOBAL_MEASURES", "REGIONAL_MEASURES", "Measured", "measure", "require_threshold"]
