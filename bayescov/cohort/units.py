"""Which unit volumes are in: stated, or told from their size."""

import numpy as np
import pandas as pd

from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = ["TO_MM3", "guess_unit", "to_mm3"]

TO_MM3 = {"mm3": 1.0, "cm3": 1e3, "ml": 1e3, "l": 1e6}
"""How many mm3 one unit holds."""


_ENOUGH = 40
"""Regions that tell the unit of a row; more only take time."""


def guess_unit(values: pd.DataFrame, atlas: Atlas) -> tuple[str | None, str]:
    """The unit in which the median volumes come nearest to usual ones, and a sentence.

    None where no unit makes them plausible (ratios, percent, z-scores) or no region has a usual volume.
    """
    ratio = _ratios(values, atlas)
    if ratio.size == 0:
        return None, "none of the regions has a usual volume to compare with"
    middle = float(np.median(ratio))
    for unit in ("mm3", "cm3", "l"):
        if 0.2 < middle * TO_MM3[unit] < 5:
            return (
                unit,
                f"the typical value is {middle * TO_MM3[unit]:.2g} times an adult's volume if read as {unit}",
            )
    icv = 1.5e6
    for what, size in (
        ("percent of the head's volume", 100 / icv),
        ("fractions of the head's volume", 1 / icv),
    ):
        if 0.2 < middle / size < 5:
            return None, f"the values look like {what}, not like volumes"
    return (
        None,
        f"the typical value is {middle:.2g} times an adult's volume in mm3, which fits mm3, cm3 and litres equally badly",
    )


def to_mm3(
    volumes: pd.DataFrame, atlas: Atlas, *, stated: str | None, wanted: str | None
) -> tuple[pd.DataFrame, CheckResult, list[str]]:
    """Volumes in mm3, what was decided, and problems.

    Measures of the whole head are judged apart from the regions: tables mix mm3 and ml.
    """
    if wanted is not None and wanted not in TO_MM3:
        known = ", ".join(TO_MM3)
        sentence = f"unit={wanted!r} is not known{nearest(wanted, list(TO_MM3))}; use one of: {known}"
        return volumes, CheckResult("unit", False, sentence), [sentence]
    kinds = {n: atlas[n].kind if n in atlas else "" for n in volumes.columns}
    heads = [n for n in volumes.columns if kinds[n] in ("icv", "global", "tissue")]
    regions = [n for n in volumes.columns if n not in heads]
    out, sentences, problems, passed = volumes.copy(), [], [], True
    for names, what in ((regions, "Volumes"), (heads, "Measures of the whole head")):
        if not names:
            continue
        part = volumes[names]
        guessed, why = guess_unit(part, atlas)
        unit: str | None
        if what == "Volumes" and wanted is not None:
            unit, how = wanted, "as asked"
        elif stated is not None:
            unit, how = stated, "as the source states"
        else:
            unit, how = guessed, f"guessed: {why}"
        if unit is None and _ratios(part, atlas).size == 0:
            unit, how = "mm3", "taken for granted: " + why
        if unit is None:
            if what == "Volumes":
                problems.append(
                    f"the unit of the volumes cannot be told: {why}; give unit='mm3', 'cm3' or 'l'"
                )
            else:
                passed = False
                sentences.append(f"{what} ({', '.join(names[:4])}) are left as written: {why}.")
            continue
        if TO_MM3[unit] != 1.0:
            out[names] = part * TO_MM3[unit]
        sentences.append(f"{what} are in {unit} ({how}).")
        if guessed is not None and TO_MM3[guessed] != TO_MM3[unit]:
            passed = False
            sentences.append(f"They look like {guessed}, though; unit= overrides.")
    if not problems:
        problems += [*_mixed_columns(out, atlas), *_mixed_rows(out[regions], atlas)]
    return out, CheckResult("unit", passed and not problems, " ".join(sentences)), problems


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
    return [f"some regions are in another unit than the others, or in the wrong column: {shown}"]


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
        "the rows are in different units, or values stand in the wrong columns"
    ]
