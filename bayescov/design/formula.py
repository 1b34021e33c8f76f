"""A formula and the covariates of a cohort -> the columns of the design matrix."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.columns import called_here
from bayescov.cohort.covariates import said_stray_text
from bayescov.cohort.levels import spelled_alike
from bayescov.cohort.table import Cohort
from bayescov.errors import DesignError, nearest

__all__ = ["level_labels", "model_matrix", "require_columns"]

Floats = npt.NDArray[np.float64]


def model_matrix(cohort: Cohort, formula: str) -> tuple[Floats, list[str], dict[str, list[str]]]:
    """Columns of the right-hand side of a formula, without intercept.

    Returns
    -------
    values : numpy.ndarray
        (subject, column).
    names : list of str
    levels : dict of str to list of str
        Levels of each categorical covariate, the reference first.

    Raises
    ------
    DesignError
    """
    if not formula.strip():
        return np.empty((len(cohort.subjects), 0)), [], {}
    from formulaic import Formula, SimpleFormula
    from formulaic.errors import FormulaicError

    table = cohort.covariates
    try:
        # the model has an intercept for each group: whatever the formula says of one, code levels beside it
        parsed = Formula(f"{formula} + 1")
        required = sorted(str(v) for v in parsed.required_variables)
        _require_meant_powers(formula)
    except (FormulaicError, SyntaxError) as error:
        first = str(error).splitlines()[0]
        raise DesignError(f"the formula {formula!r} cannot be read: {first}") from error
    if not isinstance(parsed, SimpleFormula):
        raise DesignError(
            f"the formula {formula!r} has several parts; give the right-hand side alone, such as 'age + sex'"
        )
    _require_known_functions(required, table, formula)
    require_columns(required, table)
    levels = _require_usable(required, _coded(required, parsed), table, cohort)
    _require_named_levels(levels, parsed)
    for name, known in levels.items():
        table[name] = pd.Categorical(level_labels(table[name])[0], categories=known)
    try:
        with np.errstate(all="ignore"):  # what is not finite is said below, with the person's name
            matrix = parsed.get_model_matrix(table, na_action="ignore")
    except Exception as error:  # a formula can run any function of the table: report its own words
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DesignError(f"the formula {formula!r} cannot be evaluated on this table: {first}") from error
    frame = pd.DataFrame(matrix).drop(columns="Intercept", errors="ignore")
    values = frame.to_numpy(dtype=float)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DesignError(
            f"the term {frame.columns[column]!r} is not a finite number for subject {cohort.subjects[row]}; "
            "check the values it is made of"
        )
    return values, [str(c) for c in frame.columns], levels


def require_columns(required: list[str], table: pd.DataFrame, asking: str = "the formula asks for") -> None:
    """Refuse names that are no covariate, with the nearest and all that are there."""
    for name in required:
        if name not in table.columns:
            columns = ", ".join(map(str, table.columns)) or "none"
            here = called_here(name, list(table.columns))
            if here is not None:
                raise DesignError(
                    f"{asking} {name!r}, which is called {here!r} here: write {here} (covariates of this cohort: {columns})"
                )
            dotted = [c for c in map(str, table.columns) if c.startswith(f"{name}.")]
            if dotted:
                raise DesignError(
                    f"{asking} {name!r}, since it takes the dot in {dotted[0]!r} for Python's; call that column "
                    f"{dotted[0].replace('.', '_')!r} in the table, and write so"
                )
            raise DesignError(
                f"{asking} {name!r}, which is not among the covariates{nearest(name, list(table.columns))} "
                f"(covariates of this cohort: {columns})"
            )


def level_labels(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """What the levels of a column are called, person by person, and each once in order: 2 and 2.0 are "2"."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = sorted(column.unique())
        known = [str(int(v)) if float(v).is_integer() else str(v) for v in values]
        return column.map(dict(zip(values, known, strict=True))).astype(str), known
    labels = column.astype(str)
    return labels, sorted(labels.unique())


def _require_known_functions(required: list[str], table: pd.DataFrame, formula: str) -> None:
    for name in required:
        if name not in table.columns and re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", formula):
            instead = (
                f"; write np.{name}()"
                if hasattr(np, name)
                else ", nor is one of numpy's (np.log10(), for instance)"
            )
            raise DesignError(
                f"the formula {formula!r} calls {name}(), which is no function that formulas know{instead}"
            )


def _require_meant_powers(formula: str) -> None:
    """`age**2` is age in a formula, where powers are interactions of what they are of; nobody who writes it means that."""
    from formulaic.parser import DefaultFormulaParser

    def look(node: Any) -> None:
        if not hasattr(node, "operator"):
            return
        if str(node.operator) in ("**", "^") and not hasattr(node.args[0], "operator"):
            base, power = map(str, node.args)
            raise DesignError(
                f"the formula {formula!r} has {base}{node.operator}{power}, which is {base} itself, since a power stands for "
                f"interactions there; write I({base}**{power}) for the number raised to it"
            )
        for part in node.args:
            look(part)

    look(DefaultFormulaParser().get_ast(formula))


def _coded(required: list[str], parsed: Any) -> list[str]:
    """Names that the formula takes as codes of levels, `C(name)`, wherever it has them."""
    factors = {str(factor) for term in parsed for factor in term.factors}
    return [
        name
        for name in required
        if all(
            re.match(rf"C\(\s*`?{re.escape(name)}\b", factor)
            for factor in factors
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", factor)
        )
    ]


def _require_named_levels(levels: dict[str, list[str]], parsed: Any) -> None:
    """Numbers for levels, `C(code, Treatment(2))`, name none: these are texts. Other numbers may well stand there, such as scores."""
    for factor in (str(factor) for term in parsed for factor in term.factors):
        for name, known in levels.items():
            code = re.match(rf"C\(\s*`?{re.escape(name)}`?\s*,(.*)", factor)
            number = code and re.search(r"(?:[Tt]reatment\(|base=|levels=[\[(])(\d+)\b", code[1])
            if number and number[1] in known:
                raise DesignError(
                    f"the formula's {factor} has the number {number[1]} for a level of {name!r}, and levels are texts: "
                    f"write '{number[1]}', in quotes"
                )


def _require_usable(
    required: list[str], coded: list[str], table: pd.DataFrame, cohort: Cohort
) -> dict[str, list[str]]:
    levels: dict[str, list[str]] = {}
    for name in required:
        column = table[name]
        missing = column.isna()
        if missing.any():
            ids = [s for s, m in zip(cohort.subjects, missing, strict=True) if m]
            shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
            raise DesignError(
                f"the covariate {name!r} is missing for {len(ids)} of {len(column)} people ({shown}); fill it in, "
                "leave these people out, or leave the covariate out"
            )
        if pd.api.types.is_numeric_dtype(column) and name not in coded:
            continue
        stray = said_stray_text(name, column)
        if stray:
            raise DesignError(stray)
        labels, known = level_labels(column)
        counts = labels.value_counts()
        if len(counts) == 1:
            raise DesignError(f"the covariate {name!r} is {counts.index[0]!r} for everybody; leave it out")
        for level in counts.index[counts == 1]:
            who = cohort.subjects[int(np.flatnonzero(labels == level)[0])]
            alike = [
                g for names in spelled_alike(counts.index) if level in names for g in names if g != level
            ]
            remedy = (
                f"it is probably {alike[0]!r} in another spelling: write it so"
                if alike
                else "merge the level with another"
            )
            raise DesignError(
                f"the covariate {name!r} has only one person at the level {level!r} ({who}), so its effect cannot be "
                f"told from that person; {remedy}, or leave the person out"
            )
        levels[name] = known
    return levels
