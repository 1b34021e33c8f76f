"""Which unit volumes are in: stated, or told from their size."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayescov.cohort.people import listed
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = ["TO_MM3", "Converted", "guess_unit", "to_mm3"]

TO_MM3 = {"mm3": 1.0, "cm3": 1e3, "ml": 1e3, "l": 1e6}
"""How many mm3 one unit holds."""
AS_ASKED = "as asked"
PERCENT = "the values look like percent of the head's volume, not like volumes"
FRACTIONS = "the values look like fractions of the head's volume, or like litres with no head size in litres beside them"
_REMEDIES = {
    PERCENT: "give the volumes themselves",
    FRACTIONS: "give unit='l' if they are litres; if they are fractions, give the volumes themselves",
}

_ENOUGH = 40
"""Regions that tell the unit of a row; more only take time."""


def guess_unit(values: pd.DataFrame, atlas: Atlas, *, litres: bool) -> tuple[str | None, str]:
    """The unit in which the median volumes come nearest to usual ones; if there is none, None and why.

    None where no unit makes them plausible (ratios, percent, z-scores) or no region has a usual volume. A head holds about a
    litre, so that fractions of it are numbers like litres: `litres` says whether something else tells that these are.
    """
    ratio = _ratios(values, atlas)
    if ratio.size == 0:
        return None, "none of the regions has a usual volume to compare with"
    middle = float(np.median(ratio))
    for unit in ("mm3", "cm3", "l"):
        if 0.2 < middle * TO_MM3[unit] < 5:
            return (unit, "") if litres or unit != "l" else (None, FRACTIONS)
    icv = 1.5e6
    for why, size in ((PERCENT, 100 / icv), (FRACTIONS, 1 / icv)):
        if 0.2 < middle / size < 5:
            return None, why
    return (
        None,
        f"in mm3 the typical value would be {middle:.2g} times an adult's volume, and no other unit fits better",
    )


@dataclass(frozen=True)
class Converted:
    """Volumes in mm3.

    Attributes
    ----------
    volumes : pandas.DataFrame
    unit : str
        The unit the regions were in, several with commas between; ``""`` if there are none or it could not be told.
    check : CheckResult
        What was decided, and why.
    problems : list of str
    """

    volumes: pd.DataFrame
    unit: str
    check: CheckResult
    problems: list[str]


def to_mm3(
    volumes: pd.DataFrame, atlas: Atlas, *, stated: Mapping[str, str], wanted: str | None
) -> Converted:
    """Volumes in mm3, by the unit that is asked for, `stated` of their column, or told from their size.

    Each measure of the whole head is judged by itself, and regions whose columns state a unit apart from the others: tables
    mix mm3 and ml, and a unit in one column's name says nothing of the next.
    """
    if wanted is not None and wanted not in TO_MM3:
        known = ", ".join(TO_MM3)
        sentence = f"unit={wanted!r} is not known{nearest(wanted, list(TO_MM3))}; use one of: {known}"
        return Converted(volumes, "", CheckResult("unit", False, sentence), [sentence])
    if volumes.shape[1] == 0:
        return Converted(
            volumes, "", CheckResult("unit", None, "There is no volume whose unit could be told."), []
        )
    kinds = {str(n): atlas[str(n)].kind if n in atlas else "" for n in volumes.columns}
    heads = [n for n, kind in kinds.items() if kind in ("icv", "global", "tissue")]
    regions = [n for n in kinds if n not in heads]
    parts = _by_unit(regions, {} if wanted else stated)
    everywhere = {
        stated[n] for n in regions if n in stated
    }  # head size is often in another unit than all regions
    elsewhere = everywhere.pop() if len(everywhere) == 1 else None
    out, problems, passed = volumes.copy(), [], True
    of_regions: dict[str, None] = {}
    said: dict[str, list[str]] = {}
    litres = "icv" in heads and guess_unit(volumes[["icv"]], atlas, litres=True)[0] == "l"
    for names in [*parts, *([n] for n in heads)]:
        part, of_head = volumes[names], names[0] in heads
        unit, how, fits = _decide(
            part, atlas, stated.get(names[0]), None if of_head else wanted, elsewhere=elsewhere, litres=litres
        )
        label = names if of_head or len(parts) > 1 else ["Volumes"]
        if not of_head and unit is not None:
            of_regions[unit] = None
        elif not of_head:
            which = "the volumes" if len(parts) == 1 else listed(names, 3)
            remedy = _REMEDIES.get(how, "give unit='mm3', 'cm3' or 'l'")
            problems.append(f"the unit of {which} cannot be told: {how}; {remedy}")
        passed = passed and fits and unit is not None
        sentence = f"in {unit} ({how})" if unit is not None else f"left as written ({how})"
        if unit is not None and not fits:
            remedy = "leave unit= out if they are" if how == AS_ASKED else "unit= overrides"
            sentence += f", though they look like {guess_unit(part, atlas, litres=True)[0]}; {remedy}"
        said.setdefault(sentence, []).extend(label)
        if unit is not None and TO_MM3[unit] != 1.0:
            out[names] = part * TO_MM3[unit]
    if not problems:
        problems += [*_mixed_columns(out, atlas), *_mixed_rows(out[regions], atlas)]
    text = " ".join(f"{_several(names)} {sentence}." for sentence, names in said.items())
    return Converted(out, ", ".join(of_regions), CheckResult("unit", passed and not problems, text), problems)


def _by_unit(regions: list[str], stated: Mapping[str, str]) -> list[list[str]]:
    """The regions, those of one stated unit together, those that state none together."""
    parts: dict[str | None, list[str]] = {}
    for name in regions:
        parts.setdefault(stated.get(name), []).append(name)
    return list(parts.values())


def _decide(
    part: pd.DataFrame,
    atlas: Atlas,
    stated: str | None,
    wanted: str | None,
    *,
    elsewhere: str | None,
    litres: bool,
) -> tuple[str | None, str, bool]:
    """Unit of some columns, how it is known, and whether the numbers look like it; `elsewhere` is what others state."""
    guessed, why = guess_unit(part, atlas, litres=litres)
    if wanted is not None:
        unit, how = wanted, AS_ASKED
    elif stated is not None:
        unit, how = stated, "as the source states"
    elif guessed is not None:
        return guessed, "told from their size", True
    elif _ratios(part, atlas).size == 0:
        if elsewhere is not None:
            return elsewhere, "as other columns state: nothing to compare with", True
        return "mm3", "taken for granted: nothing to compare with", True
    else:
        return None, why, False
    alike = guess_unit(part, atlas, litres=True)[0]
    return unit, how, alike is None or TO_MM3[alike] == TO_MM3[unit]


def _several(names: list[str]) -> str:
    """``"Volumes, icv and 3 more are"``."""
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 and names != ['Volumes'] else 'are'}"


def _ratios(values: pd.DataFrame, atlas: Atlas) -> np.ndarray:
    """Median of each region over its usual volume, for regions that have one and are not empty."""
    ratios = []
    for name in values.columns:
        usual = atlas[name].typical if name in atlas else None
        column = values[name].to_numpy(dtype=float)
        column = column[np.isfinite(column) & (column > 0)]
        if usual and column.size:
            ratios.append(float(np.median(column)) / usual)
    return np.array(ratios)


def _mixed_columns(volumes: pd.DataFrame, atlas: Atlas) -> list[str]:
    """A problem if some regions of steady size are a hundred times smaller or larger than an adult's."""
    odd = []
    for name in map(str, volumes.columns):
        region = atlas.regions.get(name)
        if (
            region is None
            or region.typical is None
            or region.kind not in ("subcortical", "cortical", "cerebellum")
        ):
            continue
        column = volumes[name].to_numpy(dtype=float)
        seen = column[column > 0]
        if seen.size >= 3 and not 1 / 50 < np.median(seen) / region.typical < 50:
            odd.append(f"{name} (median {np.median(seen):g} mm3, usual {region.typical:g})")
    if not odd:
        return []
    shown = ", ".join(odd[:5]) + (f" and {len(odd) - 5} more" if len(odd) > 5 else "")
    return [
        f"some regions are in another unit than the others, or in the wrong column: {shown}; correct "
        "them, or leave these regions out"
    ]


def _mixed_rows(volumes: pd.DataFrame, atlas: Atlas) -> list[str]:
    """A problem if some people are a thousand times larger than the others."""
    usual = {n: atlas[n].typical for n in volumes.columns if n in atlas and atlas[n].typical}
    usual = dict(list(usual.items())[:_ENOUGH])
    if not usual or volumes.empty:
        return []
    ratios = volumes[list(usual)].to_numpy(dtype=float) / np.array(list(usual.values()), dtype=float)
    seen = ratios > 0
    far = seen & ((ratios > 50) | (ratios < 1 / 50))
    odd = np.flatnonzero(far.sum(axis=1) * 2 > np.maximum(1, seen.sum(axis=1)))
    if not odd.size:
        return []
    first = float(np.median(ratios[odd[0]][seen[odd[0]]]))
    who = ", ".join(map(str, volumes.index[odd[:5]])) + (", ..." if odd.size > 5 else "")
    return [
        f"most volumes of {odd.size} of {len(volumes)} people are far from an adult's, {first:.2g} times as large in the first "
        f"({who}): "
        "the rows are in different units, or values stand in the wrong columns; correct them, or leave these people out"
    ]
