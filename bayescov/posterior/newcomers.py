"""People who were not in the study, on the scale of the study's design."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.codes import may_be_codes
from bayescov.cohort.covariates import said_stray_text
from bayescov.cohort.newpeople import new_people
from bayescov.cohort.table import Cohort
from bayescov.design import Design
from bayescov.design.formula import level_labels
from bayescov.design.subset import raw_covariates
from bayescov.errors import AnswerError, nearest

__all__ = ["Newcomers", "newcomers"]

Floats = npt.NDArray[np.float64]

# Other people put beside a table, by a factor and a summand of its numbers, one after the other: a formula that learns from the table it
# is given (a mean, a rank, a basis of splines) says something else of everybody then. Above and below at once would leave a median.
BESIDE = ((1.5, 1.0), (0.6, 0.0), (1.5, -1.0))


class Newcomers(NamedTuple):
    """Volumes (person, region), covariates (person, covariate) and sites (person,) on the scale of a design."""

    subjects: tuple[str, ...]
    y: Floats
    x: Floats
    site: npt.NDArray[np.int_] | None
    absent: tuple[str, ...]


def newcomers(design: Design, people: Cohort | pd.DataFrame, *, site: str | None = None) -> Newcomers:
    """Standardise new people by the design's own centres and scales.

    Parameters
    ----------
    design : Design
    people : Cohort or DataFrame
        Volumes in the unit of the study (mm3), and the covariates of the formula. A frame has one row a person, ids in its
        index or in a column, and regions, in any tool's spelling, and covariates as columns. Volumes may be missing,
        covariates may not.
    site : str, optional
        The column of the site, where the design has sites.

    Raises
    ------
    AnswerError
        If a covariate is missing or has a level that the study did not have, no region of the study is there, a person is there
        twice, or a site is given where the study had none.
    """
    volumes, covariates = _tables(design, people, site)
    twice = volumes.index[volumes.index.duplicated()]
    if len(twice):
        raise AnswerError(
            f"{len(twice)} of {len(volumes)} rows give a person again who was there before (the first: {twice[0]}); keep one row "
            "of each, or give them different ids"
        )
    y = _volumes(design, volumes)
    x = (_columns(design, covariates) - design.covariate_center.values) / design.covariate_scale.values
    absent = tuple(r for r in design.regions if r not in volumes.columns)
    subjects = tuple(str(s) for s in volumes.index)
    return Newcomers(subjects, y, x, _sites(design, covariates, site), absent)


def _tables(
    design: Design, people: Cohort | pd.DataFrame, site: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if isinstance(people, Cohort):
        return people.volumes, people.covariates
    if isinstance(people, pd.DataFrame):
        needed = [*_needed(design), *([site] if site is not None else [])]
        volumes, covariates, problems = new_people(people, design.regions, needed)
        if problems:
            raise AnswerError(f"in the table of new people, {'; '.join(problems)}")
        return volumes, covariates
    raise AnswerError(f"new people come as a Cohort or a DataFrame, not as {type(people).__name__}")


def _needed(design: Design) -> list[str]:
    """The covariates that the design's formula is made of."""
    if not design.covariates:
        return []
    from formulaic import Formula

    return sorted(str(v) for v in Formula(f"{design.formula} + 1").required_variables)


def _volumes(design: Design, table: pd.DataFrame) -> Floats:
    if not set(table.columns) & set(design.regions):
        raise AnswerError(
            f"none of the study's regions is in the table of new people (the study has: {', '.join(design.regions[:6])}, ...)"
        )
    values = table.reindex(columns=list(design.regions)).to_numpy(dtype=float)
    not_positive = np.argwhere(values <= 0)
    if design.transform == "log" and len(not_positive):
        row, column = not_positive[0]
        raise AnswerError(
            f"a logarithm needs positive volumes, but {table.index[row]} has {values[row, column]:g} in "
            f"{design.regions[column]}; mark it missing"
        )
    raw = np.log(values) if design.transform == "log" else values
    return np.asarray((raw - design.center.values) / design.scale.values)


def _columns(design: Design, table: pd.DataFrame) -> Floats:
    """(person, covariate): the columns of the design's formula, not yet standardised."""
    if not design.covariates:
        return np.empty((len(table), 0))
    from formulaic import Formula

    parsed = Formula(f"{design.formula} + 1")
    table = table.copy()
    needed = _needed(design)
    for name in needed:
        _require_covariate(name, table)
        if name in design.levels:
            table[name] = _categories(name, table[name], design.levels[name])
        elif not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = _numbers(name, table[name])
    if _learns(parsed, table[needed]):
        raise AnswerError(
            f"the formula {design.formula!r} says of a person what depends on who else is in the table (a mean, a rank, poly(), ...), and "
            "so something else of new people than of the study's; fit with covariates that do not, such as log(icv) or I(age**2)"
        )
    matrix = pd.DataFrame(parsed.get_model_matrix(table, na_action="raise"))
    values = matrix.reindex(columns=list(design.covariates)).to_numpy(dtype=float)
    _refuse_codes(design, table, values)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise AnswerError(
            f"the term {design.covariates[column]!r} is not a finite number for {table.index[row]}; "
            "check the values it is made of"
        )
    return values


def _learns(parsed: Any, table: pd.DataFrame) -> bool:
    """Whether the columns of these people become others when different people stand beside them."""
    numbers = table.select_dtypes("number").columns
    try:
        with np.errstate(all="ignore"):
            alone = pd.DataFrame(parsed.get_model_matrix(table, na_action="ignore"))
            for factor, summand in BESIDE:
                others = table.assign(**{n: table[n] * factor + summand for n in numbers})
                both = pd.concat([table, others], ignore_index=True)
                among = pd.DataFrame(parsed.get_model_matrix(both, na_action="ignore")).iloc[: len(table)]
                same = list(alone) == list(among) and np.allclose(
                    alone.to_numpy(dtype=float), among.to_numpy(dtype=float), rtol=1e-9, equal_nan=True
                )
                if not same:
                    return True
    except Exception:  # what runs on some people only depends on them
        return True
    return False


def _refuse_codes(design: Design, table: pd.DataFrame, values: Floats) -> None:
    """Refuse -9 and the like where the study had no negative number: a few new people do not show that it is a code."""
    lowest = raw_covariates(design).min(axis=0)
    coded = np.argwhere(may_be_codes(values) & (lowest >= 0))
    if len(coded):
        row, column = coded[0]
        raise AnswerError(
            f"the covariate {design.covariates[column]!r} is {values[row, column]:g} for {table.index[row]}, where nobody in the "
            "study was below 0: probably a code for missing; fill it in, or leave these people out"
        )


def _require_covariate(
    name: str, table: pd.DataFrame, asking: str = "of new people too the study's formula needs"
) -> None:
    if name not in table.columns:
        known = [str(c) for c in table.columns]
        raise AnswerError(
            f"{asking} {name!r}, which is not there{nearest(name, known)} (their covariates: {', '.join(known) or 'none'})"
        )
    missing = table[name].isna()
    if missing.any():
        raise AnswerError(
            f"the covariate {name!r} is missing for {int(missing.sum())} of {len(missing)} new people (the first: "
            f"{table.index[int(missing.to_numpy().argmax())]}); fill it in, or leave these people out"
        )


def _numbers(name: str, column: pd.Series) -> pd.Series:
    """A covariate that was a number in the study."""
    numbers = pd.to_numeric(column, errors="coerce")
    strange = numbers.isna().to_numpy()
    if strange.any():
        row = int(strange.argmax())
        raise AnswerError(
            said_stray_text(name, column)
            or f"the covariate {name!r} was a number in the study, but is {str(column.iloc[row])!r} for {column.index[row]}; "
            "write numbers, or leave these people out"
        )
    return numbers


def _categories(name: str, column: pd.Series, levels: list[str]) -> Any:
    text = level_labels(column)[0]
    strange = ~text.isin(levels)
    if strange.any():
        first = text[strange].iloc[0]
        raise AnswerError(
            f"the covariate {name!r} is {first!r} for {text.index[int(strange.to_numpy().argmax())]}, which nobody in the study "
            f"was{nearest(first, levels)} (levels: {', '.join(levels)}); write it as the study did, or leave these people out"
        )
    return pd.Categorical(text, categories=levels)


def _sites(design: Design, table: pd.DataFrame, site: str | None) -> npt.NDArray[np.int_] | None:
    if design.site is None:
        if site is not None:
            raise AnswerError(
                f"this study had no sites, so nothing is known of the scanners in {site!r}; leave site= out"
            )
        return None
    if site is None:
        raise AnswerError(
            f"this study had sites ({', '.join(design.sites)}); name the column of the new people's: site="
        )
    _require_covariate(site, table, asking="the sites of the new people are to be in")
    text = level_labels(table[site])[0]
    strange = ~text.isin(design.sites)
    if strange.any():
        raise AnswerError(
            f"the site {text[strange].iloc[0]!r} of {text.index[int(strange.to_numpy().argmax())]} is not one of the study's "
            f"({', '.join(design.sites)}), so its scanner's effect is not known; leave the people of other sites out"
        )
    return np.array([design.sites.index(s) for s in text], dtype=int)
