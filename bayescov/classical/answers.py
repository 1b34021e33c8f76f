"""From arrays to answers: the coordinates the posterior answers have, false discovery rates, checks of arguments."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.design import Design
from bayescov.design.edges import edge_coordinates
from bayescov.errors import AnswerError

__all__ = ["edge_answers", "false_discovery", "require_share"]

Floats = npt.NDArray[np.float64]


def edge_answers(design: Design, variables: Mapping[str, Any], attrs: Mapping[str, Any]) -> xr.Dataset:
    """A Dataset over (population = patient groups, edge), with `region_a` and `region_b` on the edges."""
    coords = {"population": np.array(design.patients, dtype=object), **edge_coordinates(design.regions)}
    shared = {"control": design.control, "study": design.study, "sizes": ", ".join(_sizes(design))}
    return xr.Dataset(dict(variables), coords, {**shared, **attrs})


def false_discovery(p_values: Floats) -> Floats:
    """Benjamini-Hochberg q-values along the last axis."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values, axis=-1, method="bh"))


def require_share(name: str, value: Any) -> float:
    """The value as a float strictly between 0 and 1, or a sentence."""
    if isinstance(value, (int, float, np.number)) and 0 < value < 1:
        return float(value)
    raise AnswerError(f"{name}={value!r} must be a number between 0 and 1, both excluded (for instance 0.05)")


def _sizes(design: Design) -> list[str]:
    return [f"{n:.0f} {name}" for n, name in zip(design.sizes, design.populations, strict=True)]
