"""Which regions of a table are taken."""

from collections.abc import Sequence

import pandas as pd

from bayescov.cohort.people import listed
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = ["select_regions"]

_PARTS = {
    "Cerebral-Cortex": "ctx-",
    "Cerebrum": "-Cerebral-White-Matter",
    "Cerebellum": "-Cerebellum-Cortex",
}
"""Structures that hold others, and what tells that their parts are there."""


def select_regions(
    volumes: pd.DataFrame, atlas: Atlas, regions: str | Sequence[str]
) -> tuple[pd.DataFrame, CheckResult, list[str]]:
    """The columns of the regions asked for, what was found, and problems.

    A structure that is asked for as a whole (``"Thalamus"``) is added up from its sides where only these are there.
    """
    have = [str(n) for n in volumes if n not in atlas or atlas[str(n)].kind not in ("global", "icv")]
    if isinstance(regions, str) and regions not in ("subcortical", "all"):
        if atlas.find(regions) is None and regions not in have:
            known = f"{nearest(regions, ['subcortical', 'all', *have])}; use 'subcortical', 'all' or a list of names"
            sentence = f"regions={regions!r} is not known{known}"
            return volumes[[]], CheckResult("regions", False, sentence), [sentence]
        regions = [regions]
    if not regions:
        sentence = f"regions= names no region; use 'subcortical', 'all' or some of: {listed(have, 30)}"
        return volumes[[]], CheckResult("regions", False, sentence), [sentence]
    if not have:
        sentence = (
            "no column is a known brain region; name the columns with regions=, or describe them in a file (atlas= of "
            "read_cohort in Python)"
        )
        return volumes[[]], CheckResult("regions", False, sentence), [sentence]
    if regions == "all":
        return _all(volumes, atlas, have)
    if regions == "subcortical":
        return _subcortical(volumes, atlas, have)
    return _named(volumes, atlas, have, list(regions))


def _all(volumes: pd.DataFrame, atlas: Atlas, have: list[str]) -> tuple[pd.DataFrame, CheckResult, list[str]]:
    rare = [n for n in have if n in atlas and atlas[n].kind == "absent in many"]
    tissue = [n for n in have if n in atlas and atlas[n].kind == "tissue"]
    wholes = [n for n in have if _has_parts(n, atlas, have)]
    taken = [n for n in have if n not in {*rare, *tissue, *wholes}] or tissue
    if not taken:
        sentence = f"the only regions are absent in many people ({listed(rare)})"
        return volumes[[]], CheckResult("regions", False, sentence), [sentence]
    text = f"{len(taken)} regions were taken: {listed(taken, 200)}."
    for names, why in (
        (rare, "many healthy brains have none"),
        ([n for n in tissue if n not in taken], "they hold the others"),
        (wholes, "their parts are there"),
    ):
        text += f" Left out, for {why}: {listed(names, 20)}." if names else ""
    return volumes[taken], CheckResult("regions", True, text), []


def _has_parts(name: str, atlas: Atlas, have: list[str]) -> bool:
    """Whether both sides of a region, or the parts it is made of, are there too."""
    sides = atlas.sides(name)
    if sides and all(s in have for s in sides):
        return True
    mark = _PARTS.get(atlas[name].structure) if name in atlas else None
    return mark is not None and any(mark in n for n in have)


def _subcortical(
    volumes: pd.DataFrame, atlas: Atlas, have: list[str]
) -> tuple[pd.DataFrame, CheckResult, list[str]]:
    wanted = atlas.subcortical()
    found = [n for n in wanted if n in have]
    if not [n for n in found if n != "Brain-Stem"]:
        wholes = tuple(dict.fromkeys(atlas[n].structure for n in wanted))
        wanted, found = wholes, [n for n in wholes if n in have]
    absent = [n for n in wanted if n not in have]
    if not found:
        sentence = f"none of the subcortical regions is there; the table has {listed(have, 8)}: use regions='all' or a list"
        return volumes[[]], CheckResult("regions", False, sentence), [sentence]
    text = f"{len(found)} of the {len(wanted)} subcortical regions were found: {listed(found, 20)}."
    if absent:
        text += f" Not found: {listed(absent, 20)}."
    others = [n for n in have if n not in found]
    if others:
        text += f" Not taken (regions='all' or a list takes them): {listed(others, 12)}."
    return volumes[found], CheckResult("regions", not absent, text), []


def _named(
    volumes: pd.DataFrame, atlas: Atlas, have: list[str], wanted: list[str]
) -> tuple[pd.DataFrame, CheckResult, list[str]]:
    columns: dict[str, pd.Series] = {}
    problems: list[str] = []
    added: list[str] = []
    for name in map(str, wanted):
        region = atlas.find(name)
        canonical = name if region is None else region.name
        sides = atlas.sides(canonical)
        if canonical in have:
            columns[canonical] = volumes[canonical]
        elif name in have:
            columns[name] = volumes[name]
        elif sides and all(s in have for s in sides):
            columns[canonical] = volumes[sides[0]] + volumes[sides[1]]
            added.append(canonical)
        else:
            hint = nearest(name, [*have, *(r for r in atlas.regions if r in have)])
            problems.append(f"the region {name!r} is not in the table{hint} (regions: {listed(have, 30)})")
    number = "1 region was" if len(columns) == 1 else f"{len(columns)} regions were"
    text = f"{number} taken as asked: {listed(list(columns), 200)}."
    if added:
        text += f" Added up from left and right: {listed(added, 20)}."
    frame = pd.DataFrame(columns, index=volumes.index)
    return frame, CheckResult("regions", not problems, text), problems
