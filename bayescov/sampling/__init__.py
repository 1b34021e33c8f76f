"""A model + a design -> draws."""

from bayescov.sampling.diagnostics import Diagnosis, diagnose
from bayescov.sampling.fit import fit
from bayescov.sampling.storage import load_fit, save_fit
from bayescov.sampling.tree import design_of, settings_of, spec_of

__all__ = ["Diagnosis", "design_of", "diagnose", "fit", "load_fit", "save_fit", "settings_of", "spec_of"]
