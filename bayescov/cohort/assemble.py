"""The way from a source to the parts of a cohort: read, join, choose, clean, judge."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayescov.cohort.atlas import read_atlas
from bayescov.cohort.checks import (
    check_ages,
    check_codes,
    check_copies,
    check_covariates,
    check_groups,
    check_impossible,
    check_versions,
    clean_volumes,
)
from bayescov.cohort.columns import tidy_names
from bayescov.cohort.covariates import typed
from bayescov.cohort.groups import choose_control, choose_group, says_no_group
from bayescov.cohort.heads import with_heads
from bayescov.cohort.joining import join_participants, not_joined
from bayescov.cohort.outliers import check_outliers
from bayescov.cohort.people import check_ids, exclude_people, listed, take_rows
from bayescov.cohort.readers import Source, read_any
from bayescov.cohort.readers.bids import companion, levels_of, read_participants
from bayescov.cohort.reading import Reading
from bayescov.cohort.redundant import drop_redundant
from bayescov.cohort.regions import Atlas
from bayescov.cohort.selection import select_regions
from bayescov.cohort.table import CheckResult
from bayescov.cohort.units import to_mm3
from bayescov.cohort.visits.choosing import choose_visits
from bayescov.errors import TableError

__all__ = ["Parts", "assemble"]


@dataclass
class Parts:
    """The parts of a cohort, while they are put together."""

    name: str
    volumes: pd.DataFrame = field(default_factory=pd.DataFrame)
    covariates: pd.DataFrame = field(default_factory=pd.DataFrame)
    group: pd.Series = field(default_factory=lambda: pd.Series(dtype=object))
    control: str | None = None
    checks: list[CheckResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)


def assemble(
    source: Source,
    participants: str | os.PathLike[str] | pd.DataFrame | None,
    id: str | None,
    group: str | None,
    control: str | None,
    regions: str | Sequence[str],
    exclude: Sequence[str],
    unit: str | None,
    visit: str | None,
    atlas_path: str | os.PathLike[str] | None,
    *,
    need_groups: bool,
) -> Parts:
    """Everything `read_cohort` needs, its checks and its problems. Raises only where nothing can be read."""
    given = {"id": id, "group": group, "control": control, "unit": unit, "visit": visit}
    id, group, control, unit, visit = (_name(argument, name) for argument, name in given.items())
    atlas = read_atlas(atlas_path)
    regions = _names("regions", regions)
    extra = () if isinstance(regions, str) else tuple(regions)
    reading = read_any(source, atlas, id=id, extra=extra)
    seen = Parts(reading.source or "the table")
    seen.checks.append(CheckResult("recognised", True, _recognised(reading)))

    reading, levels = _with_participants(reading, source, participants, id, group)
    others, renamed = tidy_names(reading.others)
    if renamed:
        text = listed([f"{a} is called {b}" for a, b in renamed.items()])
        reading = reading.noting(CheckResult("names", True, f"Covariates under their usual names: {text}."))
    group = renamed.get(group, group) if group else group
    reading = exclude_people(replace(reading, others=others), exclude)
    reading = with_heads(choose_visits(reading, visit), atlas)
    reading, column = _with_groups(reading, seen, group, control, levels, need_groups)

    index = pd.Index(reading.subjects, name="subject")
    raw = reading.volumes.set_axis(index)
    converted = to_mm3(raw, atlas, stated=reading.stated(), wanted=unit)
    volumes = converted.volumes
    # what could not be read or joined comes first: groups that are lacking follow from it
    seen.problems = [*reading.problems, *seen.problems, *converted.problems]
    seen.checks += [converted.check, *reading.quirks]
    heads = [str(n) for n in volumes if n in atlas and atlas[str(n)].kind in ("icv", "global")]
    seen.covariates = _covariates(reading.others.set_axis(index), volumes[heads], column, seen)
    seen.volumes, of_regions, problems = select_regions(volumes, atlas, regions)
    seen.checks.append(of_regions)
    seen.problems += problems
    if not problems:
        _without_empty(seen)
        cleaned, checks, problems = clean_volumes(seen.volumes, atlas, chosen=bool(extra))
        seen.volumes, redundant = drop_redundant(cleaned)
        seen.checks += [*checks, redundant]
        seen.problems += problems
    _judge(seen, raw, atlas, reading, column)
    seen.problems[:0] = not_joined(seen.checks) if seen.problems else []
    seen.attrs = {
        "source": seen.name,
        "tool": reading.tool,
        "unit": "mm3",
        "unit_of_source": converted.unit,
        "group_column": column or "",
        "excluded": ", ".join(map(str, [exclude] if isinstance(exclude, str) else exclude)),
        "visit": visit or "",
    }
    return seen


def _name(argument: str, name: Any) -> str | None:
    """A name as text: in a frame, columns, groups and visits may be numbers."""
    if name is not None and not isinstance(name, (str, int, float, np.number)):
        raise TableError([f"{argument}={name!r} must be a name, as text"])
    return None if name is None else str(name)


def _names(argument: str, names: Any) -> str | list[str]:
    """One name or a list of them."""
    if isinstance(names, str):
        return names
    several: list[Any] = list(names) if isinstance(names, Iterable) else [None]
    if all(isinstance(name, str) for name in several):
        return several
    raise TableError([f"{argument}={names!r} must be 'subcortical', 'all' or a list of names"])


def _recognised(reading: Reading) -> str:
    return (
        f"Recognised: {reading.tool}; {len(reading.subjects)} rows, {reading.volumes.shape[1]} volumes, "
        f"{reading.others.shape[1]} other columns."
    )


def _with_participants(
    reading: Reading,
    source: Source,
    participants: str | os.PathLike[str] | pd.DataFrame | None,
    id: str | None,
    group: str | None,
) -> tuple[Reading, dict[str, dict[str, str]]]:
    """The reading joined with the participants, and the descriptions of their levels."""
    if participants is None:
        columns = [str(c) for c in reading.others]
        found = (
            companion(source)
            if choose_group(reading.others, group)[0] is None or group not in (None, *columns)
            else None
        )
        if found is None:
            return reading, levels_of(source)
        participants = found
    table, ids, quirks, problems = read_participants(participants, id)
    name = "the participants' frame" if isinstance(participants, pd.DataFrame) else Path(participants).name
    reading = replace(reading, problems=(*reading.problems, *problems)).noting(*quirks)
    if problems:
        return reading, {}
    return join_participants(reading, table, ids, source=name), levels_of(participants)


def _with_groups(
    reading: Reading,
    seen: Parts,
    group: str | None,
    control: str | None,
    levels: dict[str, dict[str, str]],
    need_groups: bool,
) -> tuple[Reading, str | None]:
    """The reading without people of no group and groups of one person; the column of groups."""
    column, how, problems = choose_group(reading.others, group)
    if column is None:
        if need_groups or group is not None:
            seen.problems += problems
        else:
            seen.checks.append(CheckResult("groups", None, problems[0][0].upper() + problems[0][1:] + "."))
        seen.group = pd.Series(["all"] * len(reading.subjects), dtype=object)
        return reading, None
    values = reading.others[column].map(lambda c: str(c).strip())
    without = values.map(says_no_group)
    sizes = values[~without].value_counts()
    lonely = [str(g) for g, n in sizes.items() if n == 1]
    if without.any():
        named = zip(reading.subjects, values, without, strict=True)
        who = [f"{s} ({g})" if g else s for s, g, lacks in named if lacks]
        text = f"Left out, for the column {column!r} gives them no group: {listed(who, 20)}."
        reading = reading.noting(CheckResult("people without a group", False, text))
    if lonely:
        alike = {g.lower(): str(g) for g in sizes.index if g not in lonely}
        who = [
            f"{s} ({g}" + (f"; is it {alike[g.lower()]!r}?)" if g.lower() in alike else ")")
            for s, g in zip(reading.subjects, values, strict=True)
            if g in lonely
        ]
        text = f"Left out, for one person has no covariance: {listed(who, 20)}, the only one of the group."
        reading = reading.noting(CheckResult("groups of one person", False, text))
    keep = [i for i, g in enumerate(values) if not without.iloc[i] and g not in lonely]
    reading = take_rows(reading, keep)
    seen.group = values.iloc[keep].reset_index(drop=True)
    sizes_kept = {str(g): int(n) for g, n in seen.group.value_counts(sort=False).items()}
    if len(sizes_kept) < 2:
        seen.problems.append(
            f"the column {column!r} leaves {len(sizes_kept)} group with two people or more, and two are needed "
            "to compare; is it the column of the diagnosis?"
        )
    enigma = "ENIGMA" in reading.tool
    seen.control, why, problems = choose_control(
        sizes_kept, control, levels=levels.get(column), enigma=enigma
    )
    if need_groups or control is not None:
        seen.problems += problems
    described = [f"{g}: {levels[column][g]}." for g in sizes_kept if column in levels and g in levels[column]]
    sentences = [how, *described, why or (problems[0][0].upper() + problems[0][1:] + "." if problems else "")]
    seen.checks.append(check_groups(seen.group, [s for s in sentences if s], seen.control))
    return reading, column


def _covariates(others: pd.DataFrame, heads: pd.DataFrame, column: str | None, seen: Parts) -> pd.DataFrame:
    """Measures of the head and everything else that is known; the group is no covariate."""
    frame, checks = typed(others.drop(columns=[column] if column else []))
    clash = [c for c in frame if c in ("volume", "group", "subject", "region")]
    frame = frame.rename(columns={c: f"{c}_" for c in clash})
    if clash:
        text = listed([f"{c} is called {c}_" for c in clash])
        checks.append(CheckResult("names", True, f"Columns whose names are taken: {text}."))
    seen.checks += checks
    usable = heads.mask(heads <= 0)
    return pd.concat([frame.drop(columns=[c for c in heads if c in frame]), usable], axis=1)


def _without_empty(seen: Parts) -> None:
    """Without people who have none of the volumes."""
    empty = ~(seen.volumes > 0).any(axis=1).to_numpy()
    if empty.any():
        text = f"Left out, for they have none of the volumes: {listed(list(seen.volumes.index[empty]), 20)}."
        seen.checks.append(CheckResult("people without volumes", False, text))
        seen.volumes, seen.covariates = seen.volumes[~empty], seen.covariates[~empty]
        seen.group = seen.group[~empty].reset_index(drop=True)
        gone = [g for g, n in seen.group.value_counts().items() if n < 2]
        if gone or seen.group.nunique() < 1:
            seen.problems.append(
                f"once they are left out, too few people remain in: {listed(gone) or 'any group'}"
            )


def _judge(seen: Parts, raw: pd.DataFrame, atlas: Atlas, reading: Reading, column: str | None) -> None:
    """The checks that change nothing."""
    groups = reading.others[column] if column else pd.Series(["all"] * len(reading.subjects), dtype=object)
    versions = check_versions(reading.others, raw[[n for n in raw if n in seen.volumes]], groups)
    seen.checks += [versions] if versions else []
    if seen.volumes.empty:
        return
    measured = seen.volumes
    if "icv" in seen.covariates and pd.api.types.is_numeric_dtype(seen.covariates["icv"]):
        measured = measured.assign(icv=seen.covariates["icv"])
    seen.checks.append(check_impossible(measured, atlas, list(seen.volumes.index)))
    codes = check_codes(measured)
    seen.checks += [
        check_copies(seen.volumes),
        *([codes] if codes else []),
        *check_ids(list(seen.volumes.index)),
    ]
    seen.checks += check_outliers(seen.volumes, seen.group)
    seen.checks += check_ages(seen.covariates)
    seen.checks.append(check_covariates(seen.covariates))
