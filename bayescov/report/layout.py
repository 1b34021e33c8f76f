"""Where regions stand in a picture: sides, homologues, places around a circle, centres in the brain."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bayescov.cohort.regions import default_atlas
from bayescov.cohort.sides import side_and_structure

__all__ = ["Place", "circle_angles", "places"]


class Place(NamedTuple):
    """Where a region is: ``side`` left, right or midline; ``structure`` shared by homologues; ``mni`` in mm or None."""

    side: str
    structure: str
    mni: tuple[float, float, float] | None


def places(regions: Sequence[str]) -> list[Place]:
    """The place of every region: from the atlas, or from a side in its name.

    Examples
    --------
    >>> from bayescov.report.layout import places
    >>> places(["Left-Thalamus", "lh_mystery"])
    [Place(side='left', structure='Thalamus', mni=(-11.0, -19.0, 7.0)), Place(side='left', structure='mystery', mni=None)]
    """
    return [_place(str(region)) for region in regions]


def _place(name: str) -> Place:
    known = default_atlas().find(name)
    return Place(*side_and_structure(name), None if known is None else known.mni)


def circle_angles(regions: Sequence[str]) -> npt.NDArray[np.float64]:
    """Angle of each region on a circle, in radians clockwise from the top, homologues mirrored left and right.

    Right regions run down the right half in the order of the table, each left homologue opposite; midline regions
    stand at the bottom and, where there are many, at the top. Where no side is known, regions are spread evenly.
    """
    where = places(regions)
    left = [j for j, w in enumerate(where) if w.side == "left"]
    right = [j for j, w in enumerate(where) if w.side == "right"]
    middle = [j for j, w in enumerate(where) if w.side == "midline"]
    angles = np.empty(len(where))
    if not left and not right:
        return 2 * np.pi * np.arange(len(where)) / max(len(where), 1)
    rows = list(dict.fromkeys(where[j].structure for j in [*left, *right]))
    top, bottom = middle[1::2], middle[0::2]
    # Each side has as many places as structures; the midline takes its share at either end.
    step = 2 * np.pi / (2 * len(rows) + max(len(top), 1) + max(len(bottom), 1))
    for j in (*left, *right):
        turn = (max(len(top), 1) / 2 + 0.5 + rows.index(where[j].structure)) * step
        angles[j] = turn if where[j].side == "right" else 2 * np.pi - turn
    for group, centre in ((top, 0.0), (bottom, np.pi)):
        for k, j in enumerate(group):
            angles[j] = (centre + (k - (len(group) - 1) / 2) * step) % (2 * np.pi)
    return _separated(angles)


def _separated(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spread evenly where two regions of one side and structure would cover each other."""
    if len(np.unique(np.round(angles, 6))) == len(angles):
        return angles
    order = np.argsort(angles, kind="stable")
    spread = np.empty(len(angles))
    spread[order] = 2 * np.pi * (np.arange(len(angles)) + 0.5) / len(angles)
    return spread
