"""Which column names the groups, and which group is the control."""

from collections.abc import Mapping

import pandas as pd

from bayescov.cohort.columns import GROUP_NAMES, find_column, usual_column
from bayescov.cohort.numbers import is_missing_code, is_missing_word
from bayescov.cohort.regions import key
from bayescov.errors import nearest

__all__ = ["CONTROL_NAMES", "choose_control", "choose_group", "says_no_group"]

CONTROL_NAMES = frozenset(
    ["hc", "hcs", "con", "cons", "cn", "cnt", "ctr", "ctrl", "ctrls", "ctl", "control", "controls", "healthy", "nc", "hv", "td",
     "tdc", "normal", "normals", "healthycontrol", "healthycontrols", "normalcontrol", "normalcontrols", "healthyvolunteer",
     "healthyvolunteers", "healthysubject", "healthysubjects", "typicallydeveloping", "comparison", "noncase", "nonpatient",
     "healthyindividual", "healthyindividuals", "kontrolle", "temoin", "controle"]
)  # fmt: skip
"""How tables call their controls, without case and punctuation."""

MOST_GROUPS = 12

MAY_BE_GROUPS = frozenset(["none", "-", "--", "x"])
"""Of the words for missing, those that may mean a group: no disease, a negative test."""


def choose_group(others: pd.DataFrame, group: str | None) -> tuple[str | None, str, list[str]]:
    """The column of groups, a sentence on how it was chosen, and problems."""
    columns = [str(c) for c in others.columns]
    if group is not None:
        name, problem = find_column(group, columns, "group")
        return name, f"Groups are in the column {name!r}, as asked.", [problem] if problem else []
    usual = usual_column(columns, GROUP_NAMES)
    fitting = [c for c in usual if 2 <= _levels(others[c]) <= MOST_GROUPS]
    if not fitting:
        return None, "", [_no_group(others, usual)]
    text = f"Groups are in the column {fitting[0]!r} (recognised by its name)."
    if len(fitting) > 1:
        text += f" Also there: {', '.join(map(repr, fitting[1:]))}; group= chooses."
    return fitting[0], text, []


def says_no_group(cell: str) -> bool:
    """Whether a cell of the column of groups says that nothing is known: empty, ``n/a``, ``-9``."""
    if is_missing_word(cell):
        return cell.strip().lower() not in MAY_BE_GROUPS
    return is_missing_code(cell)


def choose_control(
    sizes: Mapping[str, int],
    control: str | None,
    *,
    levels: Mapping[str, str] | None = None,
    enigma: bool = False,
) -> tuple[str | None, str, list[str]]:
    """The reference group, a sentence on how it was chosen, and problems.

    `levels` are descriptions of the groups (a BIDS sidecar); `enigma` tables code controls as 0.
    """
    groups = list(sizes)
    shown = ", ".join(f"{g!r} ({n})" for g, n in sizes.items()) or "none"
    if control is not None:
        if control in sizes:
            return control, f"The control group is {control!r}, as asked.", []
        alike = [g for g in groups if key(g) == key(str(control))]
        if len(alike) == 1:
            return alike[0], f"The control group is {alike[0]!r}.", []
        return (
            None,
            "",
            [
                f"the control group {control!r} is not there{nearest(str(control), groups)}; the groups are: {shown}"
            ],
        )
    known = [g for g in groups if key(g) in CONTROL_NAMES]
    if not known and levels:
        known = [g for g in groups if "control" in levels.get(g, "").lower()]
        known = known if len(known) == 1 else []
    if not known and enigma and "0" in sizes:
        return "0", "The control group is '0', as in the ENIGMA protocol; control= overrides.", []
    if len(known) == 1:
        return known[0], f"The control group is {known[0]!r} (recognised by its name).", []
    if known:
        could = f"several groups could be the controls ({', '.join(map(repr, known))}); "
        one = len({key(g) for g in known}) == 1
        return None, "", [could + ("write them alike if they are one group" if one else "give control=")]
    return None, "", [f"no group is called as controls usually are; give control=, one of: {shown}"]


def _levels(column: pd.Series) -> int:
    return int(column[column != ""].nunique())


def _no_group(others: pd.DataFrame, usual: list[str]) -> str:
    few = [f"{c!r} ({', '.join(map(str, others.loc[others[c] != '', c].unique()[:4]))})" for c in others.columns
           if 2 <= _levels(others[c]) <= MOST_GROUPS][:8]  # fmt: skip
    for column in usual:
        n = _levels(others[column])
        if n == 1:
            only = others.loc[others[column] != "", column].iloc[0]
            return (
                f"the column {column!r} holds one group only ({only!r}); at least two are needed to compare"
            )
    start = "no column is called as groups usually are (group, diagnosis, dx, ...); name it with group="
    if few:
        return f"{start}; columns with a few levels: {', '.join(few)}"
    return f"{start}, or join a table that has it with participants="
