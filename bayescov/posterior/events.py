"""What may happen to a connection between controls and patients, draw by draw. Plain arrays."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["CHANGES", "DEFINITIONS", "Events", "events"]

Mask = npt.NDArray[np.bool_]

CHANGES = ("added", "missing", "reversed")

DEFINITIONS = {
    "present": "|rho| > threshold",
    "added": "|rho_g| > threshold and |rho_g| - |rho_c| > margin, and not reversed",
    "missing": "|rho_c| > threshold and |rho_c| - |rho_g| > margin, and not reversed",
    "reversed": "present in both groups with opposite sign",
    "unchanged": "neither added, missing nor reversed",
}


class Events(NamedTuple):
    """Three exclusive events; where none holds, the connection is unchanged."""

    added: Mask
    missing: Mask
    reversed: Mask


def events(control: npt.NDArray, patient: npt.NDArray, *, threshold: float, margin: float) -> Events:
    """Which connections were added, are missing or are reversed, for correlations of one shape.

    Parameters
    ----------
    control, patient : ndarray
        (...): the same connections in the same draws.
    threshold, margin : float

    Returns
    -------
    Events
        Masks of the same shape.
    """
    size_c, size_g = np.abs(control), np.abs(patient)
    gain = size_g - size_c
    here, there = size_g > threshold, size_c > threshold
    turned = here & there & (np.signbit(control) != np.signbit(patient))
    return Events(here & (gain > margin) & ~turned, there & (-gain > margin) & ~turned, turned)
