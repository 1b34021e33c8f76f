"""Are these fits of one study? What is averaged or compared must be about the same people, groups and regions."""

from collections.abc import Mapping

import xarray as xr

from bayescov.design import Design
from bayescov.errors import AnswerError
from bayescov.sampling.tree import design_of

__all__ = ["require_same_groups", "require_same_regions"]

NAMED = 3
REMEDY = "fit every model to one design, or leave one of the fits out"


def require_same_groups(fits: Mapping[str, xr.DataTree]) -> None:
    """Refuse fits whose people, groups or controls differ; the order of people and of patient groups does not matter."""
    names = list(fits)
    first = design_of(fits[names[0]])
    for name in names[1:]:
        other = design_of(fits[name])
        pair = f"the fits {names[0]!r} and {name!r}"
        if first.control != other.control:
            raise AnswerError(
                f"{pair} have other controls, {first.control!r} and {other.control!r}, so a change is not the same in both; {REMEDY}"
            )
        if set(first.patients) != set(other.patients):
            raise AnswerError(
                f"{pair} are not of the same patient groups, which are {', '.join(first.patients)} in the first and "
                f"{', '.join(other.patients)} in the second; {REMEDY}"
            )
        _require_same_people(first, other, pair)


def require_same_regions(fits: Mapping[str, xr.DataTree]) -> None:
    """Refuse fits whose regions differ; their order does not matter."""
    names = list(fits)
    first = [str(r) for r in fits[names[0]]["posterior"]["region"].to_numpy()]
    for name in names[1:]:
        other = [str(r) for r in fits[name]["posterior"]["region"].to_numpy()]
        parts = [
            f"only {of!r} has {_some([r for r in mine if r not in theirs])}"
            for of, mine, theirs in ((names[0], first, other), (name, other, first))
            if set(mine) - set(theirs)
        ]
        if parts:
            raise AnswerError(
                f"the fits {names[0]!r} and {name!r} are not of the same regions: {' and '.join(parts)}; {REMEDY}"
            )


def _require_same_people(first: Design, other: Design, pair: str) -> None:
    """The same people, each in the same group."""
    one, two = _group_of_each(first), _group_of_each(other)
    alone = [s for s in one if s not in two] + [s for s in two if s not in one]
    if alone:
        raise AnswerError(f"{pair} are not of the same people: {_some(alone)} only in one of them; {REMEDY}")
    moved = [s for s in one if one[s] != two[s]]
    if moved:
        person = moved[0]
        raise AnswerError(
            f"{pair} have people in different groups: {len(moved)} of {len(one)}, the first {person!r}, who is {one[person]!r} in the "
            f"first and {two[person]!r} in the second; {REMEDY}"
        )


def _group_of_each(design: Design) -> dict[str, str]:
    return {
        str(s): design.populations[int(g)]
        for s, g in zip(design.subjects, design.population.values, strict=True)
    }


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(repr(n) for n in names[:NAMED]) + rest
