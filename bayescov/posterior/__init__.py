"""Draws -> answers: connections, volumes, networks, differentiation, sensitivity."""

from bayescov.posterior.average import average_connections
from bayescov.posterior.compare import compare_models
from bayescov.posterior.connections import connections
from bayescov.posterior.differentiate import differentiate
from bayescov.posterior.frames import to_frame
from bayescov.posterior.networks import networks
from bayescov.posterior.predict import predict
from bayescov.posterior.predictive_checks import posterior_predictive, posterior_predictive_checks
from bayescov.posterior.predictive_judgement import judge_predictions
from bayescov.posterior.sensitivity import prior_grid, sensitivity
from bayescov.posterior.volumes import volumes

__all__ = [
    "average_connections", "compare_models", "connections", "differentiate", "judge_predictions", "networks",
    "posterior_predictive", "posterior_predictive_checks", "predict", "prior_grid", "sensitivity", "to_frame", "volumes",
]  # fmt: skip
