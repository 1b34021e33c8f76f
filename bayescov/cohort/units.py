"""Which unit volumes are in: stated, or told from their size."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bayescov.cohort.mixtures import said_far_columns, said_mixed_rows, said_two_units
from bayescov.cohort.people import listed
from bayescov.cohort.regions import Atlas
from bayescov.cohort.sizes import FRACTIONS, PERCENT, STANDARDISED, TO_MM3, guess_unit, usual_ratios
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = ["Converted", "to_mm3"]

AS_ASKED = "as asked"
_REMEDIES = {
    PERCENT: "give the volumes themselves",
    STANDARDISED: "give the volumes themselves",
    FRACTIONS: "give unit='l' if they are litres; if they are fractions, give the volumes themselves",
}


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
    out, problems, far, passed = volumes.copy(), [], [], True
    of_regions: dict[str, None] = {}
    said: dict[str, list[str]] = {}
    litres = "icv" in heads and guess_unit(volumes[["icv"]], atlas, litres=True)[0] == "l"
    for names in [*parts, *([n] for n in heads)]:
        part, of_head = volumes[names], names[0] in heads
        unit, how, fits = _decide(
            part, atlas, stated.get(names[0]), None if of_head else wanted, elsewhere=elsewhere, litres=litres
        )
        label = names if of_head or len(parts) > 1 else ["Volumes"]
        apart = None
        if not of_head:
            apart = said_two_units(
                part, atlas, unit, stated=wanted is None and names[0] in stated, asked=wanted is not None
            )
        if apart is not None:
            problems.append(apart)
        elif not of_head and unit is None:
            which = "the volumes" if len(parts) == 1 else listed(names, 3)
            remedy = _REMEDIES.get(how, "give unit='mm3', 'cm3' or 'l'")
            problems.append(f"the unit of {which} cannot be told: {how}; {remedy}")
        elif not of_head and unit is not None:
            of_regions[unit] = None
            far += said_far_columns(part, atlas, unit)
        passed = passed and fits and unit is not None
        sentence = f"in {unit} ({how})" if unit is not None else f"left as written ({how})"
        if apart is not None:
            sentence = "in different units"
        elif unit is not None and not fits:
            remedy = "leave unit= out if they are" if how == AS_ASKED else "unit= overrides"
            sentence += f", though they look like {guess_unit(part, atlas, litres=True)[0]}; {remedy}"
        said.setdefault(sentence, []).extend(label)
        if unit is not None and TO_MM3[unit] != 1.0:
            out[names] = part * TO_MM3[unit]
    if not problems:
        problems += [*far, *said_mixed_rows(out[regions], atlas)]
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
    elif usual_ratios(part, atlas).size == 0:
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
