"""A declared model (TOML) -> its log density."""

from bayescov.model.spec import ModelSpec, load_model, model_names

__all__ = ["ModelSpec", "load_model", "model_names"]
