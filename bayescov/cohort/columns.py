"""What a column is for: id, visit, group, measure of the head, region, covariate."""

from collections.abc import Sequence

import pandas as pd

from bayescov.cohort.regions import default_atlas, key
from bayescov.errors import nearest

__all__ = ["GROUP_NAMES", "ID_NAMES", "VISIT_NAMES", "find_column", "is_id_name"]

ID_NAMES = (
    "participant_id", "subject_id", "subjid", "subject", "subj", "sub", "participant", "patient id", "id", "ids", "names",
    "sub_id", "mrid", "mr_id", "anonid", "eid", "ptid", "rid", "src_subject_id", "session_id", "freesurferfile", "name",
    "file", "filename", "image", "scan", "case", "unnamed: 0", "index",
)  # fmt: skip
"""Names of id columns, the surest first."""

GROUP_NAMES = (
    "group", "diagnosis", "dx", "diag", "dx_group", "group_dx", "condition", "condit", "clinical_group", "patient_group", "subject_group",
    "groups", "diagnostic_group", "diagnosis_group", "case_control", "casecontrol", "disease", "cohort", "arm", "class",
    "phenotype", "study_group", "status", "grp", "label",
)  # fmt: skip
"""Names of columns that say who is a patient, the surest first."""

VISIT_NAMES = (
    "session", "session_id", "ses", "visit", "visit_id", "timepoint", "time_point", "tp", "wave", "viscode", "scan_number",
    "redcap_event_name", "event_name",
)  # fmt: skip
"""Names of columns that number the visits of one person, the surest first."""


_TIDY = {"age": ("age", "ageyears", "ageatscan"), "sex": ("sex", "gender")}
"""Names that formulas use, and spellings of them without case and punctuation."""


def is_id_name(name: str) -> bool:
    """Whether a header names people: a usual id name, or the first cell of a FreeSurfer table."""
    lowered = key(name)
    return lowered in {key(n) for n in ID_NAMES} or lowered.startswith(
        ("measurevolume", "lhaparc", "rhaparc")
    )


def find_column(wanted: str, columns: Sequence[str], role: str) -> tuple[str | None, str]:
    """The column that the user calls `wanted`: exactly, or but for case; else None and a sentence."""
    if wanted in columns:
        return wanted, ""
    alike = [c for c in columns if key(c) == key(wanted)]
    if len(alike) == 1:
        return alike[0], ""
    shown = ", ".join(map(repr, columns[:40])) + (", ..." if len(columns) > 40 else "")
    return None, f"there is no column {wanted!r} ({role}=){nearest(wanted, list(columns))} (columns: {shown})"


def usual_column(columns: Sequence[str], usual: Sequence[str]) -> list[str]:
    """Those of the columns that have one of the usual names, the surest first."""
    by_key: dict[str, str] = {}
    for column in columns:
        by_key.setdefault(key(column), column)
    return [by_key[key(name)] for name in usual if key(name) in by_key]


def called_here(name: str, columns: Sequence[str]) -> str | None:
    """What a cohort calls a column that the table calls `name`: head size in any tool's spelling, age, sex; None if unknown.

    Examples
    --------
    >>> called_here("eTIV", ["age", "icv"]), called_here("Gender", ["age", "sex"])
    ('icv', 'sex')
    """
    region = default_atlas().find(name)
    tidy = [region.name] if region else [t for t, spellings in _TIDY.items() if key(name) in spellings]
    return next((t for t in tidy if t in columns), None)


def tidy_names(others: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Columns ``Age``, ``SEX``, ``gender`` under the names formulas use, ``age`` and ``sex``; and what was renamed."""
    renamed: dict[str, str] = {}
    for tidy, spellings in _TIDY.items():
        if tidy in others.columns:
            continue
        alike = [c for c in others.columns if key(str(c)) in spellings]
        if len(alike) == 1:
            renamed[alike[0]] = tidy
    return others.rename(columns=renamed), renamed
