"""Left, right or midline, and which regions are each other's homologue: from the atlas, or from a side in a region's name."""

import re
from collections.abc import Sequence

from bayescov.cohort.regions import default_atlas

__all__ = ["homologous_pairs", "side_and_structure"]

_SIDES = (
    (
        "left",
        re.compile(r"^(left|lh|l)[\s_.\-]+|[\s_.\-]+(left|lh|l)$|^ctx[\s_.\-]lh[\s_.\-]", re.IGNORECASE),
    ),
    (
        "right",
        re.compile(r"^(right|rh|r)[\s_.\-]+|[\s_.\-]+(right|rh|r)$|^ctx[\s_.\-]rh[\s_.\-]", re.IGNORECASE),
    ),
)


def side_and_structure(name: str) -> tuple[str, str]:
    """The side of a region (left, right or midline), and the structure that it shares with its homologue.

    Examples
    --------
    >>> from bayescov.cohort.sides import side_and_structure
    >>> side_and_structure("Left-Thalamus"), side_and_structure("lh_mystery"), side_and_structure("Brain-Stem")
    (('left', 'Thalamus'), ('left', 'mystery'), ('midline', 'Brain-Stem'))
    """
    known = default_atlas().find(name)
    if known is not None:
        return known.hemisphere if known.hemisphere in ("left", "right") else "midline", known.structure
    for side, pattern in _SIDES:
        structure = pattern.sub("", name)
        if structure != name and structure:
            return side, structure
    return "midline", name


def homologous_pairs(regions: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of left and right of every structure that is there once on either side.

    Parameters
    ----------
    regions : sequence of str

    Returns
    -------
    list of (int, int)

    Examples
    --------
    >>> from bayescov.cohort.sides import homologous_pairs
    >>> homologous_pairs(["Right-Thalamus", "Brain-Stem", "Left-Thalamus", "Left-Amygdala"])
    [(2, 0)]
    """
    found: dict[tuple[str, str], list[int]] = {}
    for i, name in enumerate(regions):
        side, structure = side_and_structure(str(name))
        found.setdefault((side, structure.casefold()), []).append(i)
    return [
        (here[0], there[0])
        for (side, structure), here in found.items()
        if side == "left" and len(here) == len(there := found.get(("right", structure), [])) == 1
    ]
