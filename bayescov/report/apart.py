"""Telling diagnoses apart, and ranking models: what `differentiate` and `compare_models` found, in rows and words."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.report.words import MINUS, interval_text, share, signed

__all__ = ["Apart", "ApartRow", "CalibrationRow", "ModelRow", "apart", "apart_sentences", "model_rows", "model_sentence"]  # fmt: skip

NAMES = {
    "both": "bayescov, means and covariance",
    "means": "bayescov, means only",
    "covariance": "bayescov, covariance only",
    "logistic": "logistic regression",
    "lda": "linear discriminant analysis",
    "qda": "quadratic discriminant analysis",
    "forest": "random forest",
}


class ApartRow(NamedTuple):
    """One classifier."""

    name: str
    auc: str
    interval: str
    gain: str
    gain_interval: str
    brier: str
    log_score: str


class CalibrationRow(NamedTuple):
    """People with similar stated probabilities; `stated` and `found` in percent of the axis, then in words."""

    stated: float
    found: float
    text: str
    people: str


class Apart(NamedTuple):
    """Two diagnoses told apart by cross-validation."""

    positive: str
    negative: str
    sentences: tuple[str, ...]
    rows: tuple[ApartRow, ...]
    calibration: tuple[CalibrationRow, ...]


def apart(answers: xr.Dataset) -> Apart:
    """From what `bayescov.differentiate` returned.

    Raises
    ------
    AnswerError
        If these are other answers.
    """
    if not isinstance(answers, xr.Dataset) or answers.attrs.get("question") != "differentiate":
        raise AnswerError(
            f"differentiation= must be what bayescov.differentiate(design, ...) returned, but got {type(answers).__name__}"
        )
    rows = [_row(answers.sel(classifier=name), str(name)) for name in answers["classifier"].to_numpy()]
    own = answers.sel(classifier="both")
    calibration = [
        CalibrationRow(
            stated=round(100 * float(own["calibration_stated"][k]), 1),
            found=round(100 * float(own["calibration_found"][k]), 1),
            text=share(float(own["calibration_stated"][k])),
            people=f"{round(float(own['calibration_found'][k] * own['calibration_n'][k]))} of {int(own['calibration_n'][k])}",
        )
        for k in range(own.sizes["bin"])
    ]
    return Apart(
        positive=str(answers.attrs["positive"]),
        negative=str(answers.attrs["negative"]),
        sentences=tuple(apart_sentences(answers)),
        rows=tuple(rows),
        calibration=tuple(calibration),
    )


def apart_sentences(answers: xr.Dataset) -> list[str]:
    """How well the two are told apart, what covariance adds, and how ordinary classifiers fare."""
    a = answers.attrs
    own = answers.sel(classifier="both")
    n = int(answers["positive"].sum()), int((~answers["positive"].astype(bool)).sum())
    repeated = f", repeated {a['repeats']} times" if a["repeats"] > 1 else ""
    lines = [
        f"{a['positive']} ({n[0]} people) against {a['negative']} ({n[1]}): the area under the ROC curve is {_interval(own, 'auc')} "
        f"in {a['folds']}-fold cross-validation{repeated}, everything fitted anew in every fold (0.50: no better than chance).",
        f"What covariance adds to means: {_interval(own, 'auc_gain', signed)}; "
        + (
            "the interval is above zero."
            if float(own["auc_gain_low"]) > 0
            else "the interval does not exclude that it adds nothing."
        ),
    ]
    rivals = [str(c) for c in answers["classifier"].to_numpy() if c not in ("both", "means", "covariance")]
    others = [c for c in rivals if np.isfinite(answers["auc"].sel(classifier=c))]
    if others:
        best = max(others, key=lambda name: float(answers["auc"].sel(classifier=name)))
        lines.append(
            f"The best of the ordinary classifiers on the same folds is {NAMES.get(best, best)} with "
            f"{_interval(answers.sel(classifier=best), 'auc')}."
        )
    if a.get("untrained"):
        lines.append(f"Not trained: {a['untrained']}.")
    return lines


class ModelRow(NamedTuple):
    """One model of `compare_models`."""

    model: str
    difference: str
    weight: str
    elpd: str
    bad: str


def model_rows(models: xr.Dataset) -> list[ModelRow]:
    """From what `bayescov.compare_models` returned, the best first.

    Raises
    ------
    AnswerError
        If these are other answers.
    """
    _require_models(models)
    rows = []
    for name in models["model"].to_numpy():
        cell = models.sel(model=name)
        own = float(cell["elpd_difference"]) == 0.0
        rows.append(
            ModelRow(
                model=str(name),
                difference="best"
                if own
                else f"{signed(float(cell['elpd_difference']), 1)} ± {float(cell['elpd_difference_se']):.1f}",
                weight=share(float(cell["weight"])),
                elpd=f"{float(cell['elpd']):.1f} ± {float(cell['elpd_se']):.1f}".replace("-", MINUS),
                bad=str(int(cell["n_bad"])),
            )
        )
    return rows


def model_sentence(models: xr.Dataset) -> str:
    """Which model predicts people it has not seen best, and how sure that is."""
    _require_models(models)
    names = [str(m) for m in models["model"].to_numpy()]
    difference, se = (models[v].to_numpy()[1] for v in ("elpd_difference", "elpd_difference_se"))
    sure = abs(difference) > 2 * se
    text = (
        f"Of {len(names)} models, {names[0]!r} predicts people it has not seen best; {names[1]!r} is {abs(difference):.1f} "
        f"(± {se:.1f}) behind in log density, "
    )
    text += (
        "more than twice its standard error."
        if sure
        else "which is within the noise: neither can be ruled out."
    )
    bad = int(np.sum(models["n_bad"].to_numpy()))
    if bad:
        text += f" For {bad} of all estimates importance sampling is not to be trusted (Pareto k above 0.7)."
    return text


def _row(cell: xr.Dataset, name: str) -> ApartRow:
    reference = name == "means"
    return ApartRow(
        name=NAMES.get(name, name),
        auc=f"{float(cell['auc']):.2f}",
        interval=f"{float(cell['auc_low']):.2f} to {float(cell['auc_high']):.2f}",
        gain="" if reference else signed(float(cell["auc_gain"])),
        gain_interval=""
        if reference
        else interval_text(float(cell["auc_gain_low"]), float(cell["auc_gain_high"])),
        brier=f"{float(cell['brier']):.3f}",
        log_score=f"{float(cell['log_score']):.2f}".replace("-", MINUS),
    )


def _interval(cell: xr.Dataset, name: str, write=lambda value: f"{value:.2f}") -> str:
    low, high = (write(float(cell[f"{name}_{end}"])) for end in ("low", "high"))
    return f"{write(float(cell[name]))} (95 % {low} to {high})"


def _require_models(models: xr.Dataset) -> None:
    if not isinstance(models, xr.Dataset) or models.attrs.get("question") != "compare_models":
        raise AnswerError(
            f"models= must be what bayescov.compare_models(fits) returned, but got {type(models).__name__}"
        )
