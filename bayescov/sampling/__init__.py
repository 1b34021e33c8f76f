"""A model + a design -> draws."""

from bayescov.sampling.fit import fit
from bayescov.sampling.tree import design_of, settings_of, spec_of

__all__ = ["design_of", "fit", "settings_of", "spec_of"]
