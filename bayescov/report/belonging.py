"""Do these answers belong to this fit, and to this report? A report must not mix two studies, nor two definitions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayescov.design import Design
from bayescov.errors import AnswerError
from bayescov.report.words import listing

__all__ = ["require_belonging", "require_same_rule"]

# What made each answer, and the `question` that it says it answers.
MADE_BY = {
    "connections": ("connections", "bayescov.connections(fit)"),
    "volumes": ("volumes", "bayescov.volumes(fit)"),
    "networks": ("networks", "bayescov.networks(fit)"),
    "network_test": ("network_test", "bayescov.network_test(design)"),
    "checks": ("posterior_predictive_checks", "bayescov.posterior_predictive_checks(fit)"),
    "sensitivity": ("sensitivity", "bayescov.sensitivity(fit)"),
    "differentiation": ("differentiate", "bayescov.differentiate(design, ...)"),
    "models": ("compare_models", "bayescov.compare_models(fits)"),
}
NAMED = 3


def require_belonging(design: Design, **answers: Any) -> None:
    """Refuse answers, given by the name of their argument, that are of another kind or of another study than `design`.

    Raises
    ------
    AnswerError
        If an answer was made by another question, or has other controls, patient groups, regions or people, or if what is
        of one design was made from other volumes or covariates.
    """
    for argument, answer in answers.items():
        if answer is None:
            continue
        question, call = MADE_BY[argument]
        if not isinstance(answer, xr.Dataset) or answer.attrs.get("question") != question:
            raise AnswerError(f"{argument}= must be what {call} returned, but got {_kind(answer)}")
        control = str(answer.attrs.get("control", design.control))
        if control != design.control:
            raise _other(argument, call, f"controls are {control}", f"are {design.control}")
        for noun, theirs, ours in _names(answer, design):
            # One may ask for the headline of some groups.
            some = noun == "patient groups" and argument in ("connections", "volumes")
            if not (set(theirs) <= set(ours) if some else set(theirs) == set(ours)):
                raise _other(argument, call, *_difference(noun, theirs, ours))
        if answer.attrs.get("study", design.study) != design.study:
            what = "people, volumes, covariates or sites, or their order,"
            raise _other(argument, call, f"{what} are others", "are not these")


def require_same_rule(rule: Mapping[str, Any], **answers: xr.Dataset | None) -> None:
    """Refuse answers whose ``threshold``, ``margin`` or ``kind`` are not the report's, where they have one.

    Raises
    ------
    AnswerError
    """
    for argument, answer in answers.items():
        for name, ours in rule.items():
            theirs = ours if answer is None else answer.attrs.get(name, ours)
            theirs = theirs.item() if isinstance(theirs, np.generic) else theirs
            if theirs != ours:
                raise AnswerError(
                    f"{argument}= was made with {name}={theirs!r}, and this report has {name}={ours!r}; give both the same, for "
                    f"instance report(..., {name}={theirs!r})"
                )


def _names(answer: xr.Dataset, design: Design) -> list[tuple[str, list[str], list[str]]]:
    """What the labels are of, the answer's, and the design's; only of what the answer has."""
    found = []
    if "population" in answer.coords:
        groups = [g for g in _labels(answer, "population") if g != design.control]
        found.append(("patient groups", groups, list(design.patients)))
    if "region_a" in answer.coords:
        ends = _labels(answer, "region_a") + _labels(answer, "region_b")
        found.append(("regions", list(dict.fromkeys(ends)), list(design.regions)))
    elif "region" in answer.coords:
        found.append(("regions", _labels(answer, "region"), list(design.regions)))
    if "positive" in answer.attrs:
        pair = [str(answer.attrs[side]) for side in ("positive", "negative")]
        found.append(("people", _labels(answer, "subject"), _people(design, pair)))
    elif "subject" in answer.coords:
        found.append(("people", _labels(answer, "subject"), _people(design, list(design.populations))))
    elif "scenario" in answer.coords and "person" in answer["kind"].values:
        left_out = answer["scenario"].values[answer["kind"].values == "person"]
        names = [str(label).removeprefix("without ") for label in left_out]
        found.append(("people", names, _people(design, list(design.populations))))
    return found


def _difference(noun: str, theirs: list[str], ours: list[str]) -> tuple[str, str]:
    """Groups are few and are all named; of regions and people those that only one of the two has."""
    if noun == "patient groups":
        return f"{noun} are {listing(theirs)}", f"are {listing(ours)}"
    more, fewer = ([n for n in one if n not in other] for one, other in ((theirs, ours), (ours, theirs)))
    has = f"include {listing(more, most=NAMED)}" if more else f"are without {listing(fewer, most=NAMED)}"
    return f"{noun} {has}", "do not" if more else "are not"


def _other(argument: str, call: str, theirs: str, ours: str) -> AnswerError:
    return AnswerError(
        f"{argument}= was made from another fit: its {theirs}, those of this fit {ours}; make it anew with {call}"
    )


def _people(design: Design, groups: list[str]) -> list[str]:
    wanted = [k for k, name in enumerate(design.populations) if name in groups]
    return [str(s) for s in np.array(design.subjects)[np.isin(design.population.values, wanted)]]


def _labels(answer: xr.Dataset, coordinate: str) -> list[str]:
    return [str(name) for name in answer[coordinate].to_numpy()]


def _kind(answer: Any) -> str:
    question = answer.attrs.get("question") if isinstance(answer, xr.Dataset) else None
    return f"what {question} returns" if question else type(answer).__name__
