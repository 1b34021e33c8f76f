"""What is wrong with volumes, said in sentences: constant, missing, impossible, redundant, mixed."""

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.covariates import said_stray_text
from bayescov.cohort.levels import said_spellings
from bayescov.cohort.people import listed, people_of
from bayescov.cohort.regions import Atlas, key
from bayescov.cohort.table import CheckResult

__all__ = [
    "check_ages",
    "check_covariates",
    "check_groups",
    "check_impossible",
    "check_versions",
    "clean_volumes",
]

_WHY_VERSIONS = (
    "Volumes of one brain differ by up to 16-19 % (putamen) between releases of one tool, so a difference of groups may be "
    "one of versions; process everybody alike, or give site= this column."
)
_TOO_FEW = ("nobody is left", "there is one person only; groups of several people are needed")
Bools = npt.NDArray[np.bool_]
_VERSION = re.compile(
    r"(^|_|\b)(software|version|fs_?version|freesurfer_?version|tool|pipeline)(_|\b|$)", re.IGNORECASE
)


def clean_volumes(
    volumes: pd.DataFrame, atlas: Atlas, *, chosen: bool
) -> tuple[pd.DataFrame, list[CheckResult], list[str]]:
    """Volumes without constant regions, and with zeros and negative numbers as missing; what was done; problems.

    `chosen` says that the user named the regions: then one that is mostly missing stays.
    """
    checks: list[CheckResult] = []
    problems: list[str] = []
    values = volumes.to_numpy(dtype=float)
    if len(volumes) < 2:
        return (
            volumes.mask(values <= 0),
            [],
            [_TOO_FEW[len(volumes)]],
        )
    constant = [str(n) for n, column in zip(volumes, values.T, strict=True) if _is_constant(column)]
    if constant:
        text = "; ".join(_said_constant(n, volumes[n]) for n in constant)
        checks.append(CheckResult("constant regions", False, f"Left out, for they do not vary: {text}."))
    else:
        checks.append(CheckResult("constant regions", True, "Every region varies."))
    kept = volumes.drop(columns=constant)
    coded = kept.to_numpy(dtype=float) <= 0
    kept = kept.mask(coded)
    checks.append(_missing(kept, coded))
    if not chosen:
        share = {str(n): float(m) for n, m in kept.isna().mean().items()}
        sparse = [str(n) for n in kept if share[str(n)] > 0.5]
        if sparse:
            text = listed([f"{n} ({100 * share[n]:.0f} %)" for n in sparse], 20)
            checks.append(
                CheckResult("mostly missing regions", False, f"Left out, for most people have none: {text}.")
            )
            kept = kept.drop(columns=sparse)
    if kept.shape[1] == 0:
        problems.append("no region with volumes that vary is left")
    return kept, checks, problems


def _is_constant(column: npt.NDArray[np.float64]) -> bool:
    seen = column[np.isfinite(column)]
    return seen.size < 2 or bool(np.ptp(seen) <= 1e-12 * np.abs(seen).max())


def _said_constant(name: str, column: pd.Series) -> str:
    seen = column.dropna()
    if seen.empty:
        return f"{name} (empty)"
    return f"{name} (one value only)" if len(seen) == 1 else f"{name} ({seen.iloc[0]:g} for everybody)"


def _missing(volumes: pd.DataFrame, coded: Bools) -> CheckResult:
    missing = volumes.isna().to_numpy()
    if not missing.any():
        return CheckResult("missing volumes", True, "No volume is missing.")
    rows, columns = np.nonzero(missing)
    table = pd.DataFrame({"subject": volumes.index[rows], "region": volumes.columns[columns]})
    by_region = volumes.columns[missing.any(axis=0)]
    text = (
        f"Missing volumes: {int(missing.sum())}, of {people_of(int(missing.any(axis=1).sum()))} "
        f"({listed(list(dict.fromkeys(table['subject'])))}) in {listed(list(by_region))}; they are estimated with the model."
    )
    if coded.any():
        n = int(coded.sum())
        are = "is a zero or a negative number" if n == 1 else "are zeros or negative numbers"
        text += f" {n} of them {are}, which no volume is."
    return CheckResult("missing volumes", False, text, table)


def check_impossible(
    volumes: pd.DataFrame,
    atlas: Atlas,
    ids: list[str],
    *,
    advice: str = "They stay in; look at these scans, and leave people out with exclude=",
) -> CheckResult:
    """Values outside what the atlas calls possible, in mm3. They stay in."""
    rows = []
    for name in volumes.columns:
        region = atlas.regions.get(str(name))
        if region is None or region.low is None or region.high is None:
            continue
        column = volumes[name].to_numpy(dtype=float)
        for i in np.flatnonzero((column < region.low) | (column > region.high)):
            rows.append((ids[i], name, column[i], region.low, region.high))
    if not rows:
        return CheckResult("impossible values", True, "No volume is outside what is possible.")
    table = pd.DataFrame(rows, columns=["subject", "measure", "value", "lowest", "highest"])
    shown = [f"{s}: {m} = {v:,.0f} mm3 (possible: {a:,.0f} to {b:,.0f})" for s, m, v, a, b in rows]
    text = (
        f"Outside what is possible: {len(rows)} {'value' if len(rows) == 1 else 'values'} of "
        f"{people_of(table['subject'].nunique())}: {listed(shown, 6)}. {advice}."
    )
    return CheckResult("impossible values", False, text, table)


def check_copies(volumes: pd.DataFrame) -> CheckResult:
    """People whose volumes are all equal to another's: copied rows, or a join gone wrong."""
    enough = volumes.notna().sum(axis=1) >= 3
    seen = volumes[enough]
    twins = seen[seen.duplicated(keep=False)]
    if twins.empty:
        return CheckResult("equal people", True, "No two people have the same volumes.")
    sets = [
        list(dict.fromkeys(map(str, g.index)))
        for _, g in twins.groupby(list(twins.columns), dropna=False, sort=False)
    ]
    others = [" = ".join(names) for names in sets if len(names) > 1]
    own = [names[0] for names in sets if len(names) == 1]
    said = []
    if own:
        said.append(
            f"{len(own)} ids repeat with the same volumes, though other cells differ: {listed(own, 8)}. Probably one scan was "
            "joined with several visits."
        )
    if others:
        said.append(
            f"The same volumes in several rows: {listed(others, 8)}. Probably rows were copied, or joined with the wrong person."
        )
    return CheckResult("equal people", False, " ".join(said), twins)


def check_codes(volumes: pd.DataFrame) -> CheckResult | None:
    """A warning where a round number of nines may stand for a missing value."""
    values = volumes.to_numpy(dtype=float)
    rows, columns = np.nonzero(np.isin(values, [99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0]))
    if len(rows) < 2:
        return None
    table = pd.DataFrame(
        {"subject": volumes.index[rows], "measure": volumes.columns[columns], "value": values[rows, columns]}
    )
    shown = listed([f"{t.subject}: {t.measure} = {t.value:g}" for t in table.itertuples()])
    text = f"{len(table)} values consist of nines only ({shown}). If they are codes for missing, empty these cells."
    return CheckResult("possible codes", False, text, table)


def check_groups(group: pd.Series, sentences: list[str], control: str | None) -> CheckResult:
    """Sizes of the groups."""
    sizes = group.value_counts(sort=False)
    counts = ", ".join(f"{n} {g}" for g, n in sizes.items())
    small = [str(g) for g, n in sizes.items() if n < 10]
    text = " ".join([f"{len(group)} people: {counts}.", *sentences])
    spelled: dict[str, list[str]] = {}
    for name in map(str, sizes.index):
        spelled.setdefault(key(name), []).append(name)
    alike = [" and ".join(map(repr, names)) for names in spelled.values() if len(names) > 1]
    if alike:
        text += f" Groups that differ by spelling only: {listed(alike)}; are they one?"
    if small:
        text += f" Very small: {', '.join(small)}; expect wide intervals."
    return CheckResult("groups", not small and not alike, text, sizes.rename("people").to_frame())


def check_ages(covariates: pd.DataFrame) -> list[CheckResult]:
    """Children among adults, and impossible ages."""
    if "age" not in covariates or not pd.api.types.is_numeric_dtype(covariates["age"]):
        return []
    age = covariates["age"]
    odd = covariates.index[(age < 0) | (age > 115)]
    if len(odd):
        return [CheckResult("age", False, f"Impossible ages: {listed([f'{i} ({age[i]:g})' for i in odd])}.")]
    children = age < 18
    text = f"Ages {age.min():.1f} to {age.max():.1f} years, median {age.median():.1f}."
    if children.any() and not children.all():
        text += (
            f" {int(children.sum())} are children (under 18, the youngest {age.min():.1f}): brains still grow, so one "
            "straight line of age for all may not fit; consider exclude= or a curve such as age + I(age**2)."
        )
        return [CheckResult("age", False, text, age[children].to_frame())]
    return [CheckResult("age", True, text)]


def check_covariates(covariates: pd.DataFrame) -> CheckResult:
    """What is known beside the volumes, where it is missing, where text stands among numbers, and levels spelt in two ways."""
    if covariates.shape[1] == 0:
        return CheckResult("covariates", None, "There is no covariate beside the volumes.")
    missing = covariates.isna().sum()
    gaps = [f"{n} ({int(k)})" for n, k in missing.items() if k]
    text = f"Covariates: {listed(list(covariates.columns), 30)}."
    if gaps:
        text += f" With missing values: {listed(gaps, 20)}."
    stray = [s for s in (said_stray_text(str(n), covariates[n]) for n in covariates) if s]
    text += "".join(f" {s[0].upper()}{s[1:]}." for s in stray)
    spelled = [s for s in (said_spellings(str(n), covariates[n]) for n in covariates) if s]
    text += "".join(f" {s}" for s in spelled)
    fine = not gaps and not stray and not spelled
    return CheckResult("covariates", fine, text, missing.rename("missing").to_frame())


def check_versions(others: pd.DataFrame, raw: pd.DataFrame, group: pd.Series) -> CheckResult | None:
    """A warning where several tools or versions wrote the volumes."""
    named = [str(c) for c in others if _VERSION.search(str(c))]
    mixed = [(c, others.loc[others[c] != "", c].value_counts()) for c in named]
    mixed = [(c, n) for c, n in mixed if 1 < len(n) <= 20]
    if mixed:
        column, counts = mixed[0]
        shown = ", ".join(f"{v} ({n})" for v, n in counts.items())
        text = f"The column {column!r} names {len(counts)}: {shown}. {_WHY_VERSIONS}"
        table = pd.crosstab(
            others[column].to_numpy(), group.to_numpy(), rownames=[column], colnames=["group"]
        )
        return CheckResult("tool versions", False, text, table)
    values = raw.iloc[:, :40].to_numpy(dtype=float)
    seen = values > 0
    enough = seen.sum(axis=1) >= 8
    whole = enough & ((values == np.rint(values)) | ~seen).all(axis=1)
    if whole.sum() >= 2 and (enough & ~whole).sum() >= 2:
        text = (
            f"{int(whole.sum())} people have whole numbers only (as FreeSurfer 5 writes), {int((enough & ~whole).sum())} "
            f"have decimals: probably two versions. {_WHY_VERSIONS}"
        )
        return CheckResult("tool versions", False, text)
    return None
