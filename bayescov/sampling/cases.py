"""Fits of the structural special cases of a model: each briefly, and for longer where its part of the answer needs it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bayescov.design import Design
from bayescov.model.spec import ModelSpec, load_model
from bayescov.sampling.mixing import LARGEST_RHAT, mixing
from bayescov.sampling.prediction import gain_of
from bayescov.sampling.structures import as_part, shares_of, weight_of
from bayescov.sampling.watched import Effort, run

__all__ = ["STRUCTURES", "fit_cases", "special_case"]

STRUCTURES = ("pooled", "sparse")
BRIEFLY = 3  # times the draws asked for
ROUNDS = 4

Floats = npt.NDArray[np.float64]


def special_case(spec: ModelSpec, name: str) -> ModelSpec:
    """The structural special case of a model that has both kinds of departure, its other priors kept."""
    if name == "sparse":
        return spec.change(dense=None)
    dense = load_model("pooled").dense
    assert dense is not None
    return spec.change(
        sparse=None, attenuation=None, dense={"median": dense.median, "width": dense.width, "atom": 0.0}
    )


def fit_cases(
    spec: ModelSpec,
    design: Design,
    seeds: Sequence[np.random.SeedSequence],
    effort: Effort,
    *,
    max_draws: int,
    foretold: Floats | None,
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, float]]]:
    """Draw the correlations of both special cases.

    Parameters
    ----------
    spec, design
        Of the fit.
    seeds : sequence of SeedSequence
        One for each of `STRUCTURES`.
    effort : Effort
    max_draws : int
        Draws a chain at most, where a case counts and has not mixed.
    foretold : ndarray or None
        (chain, draw, subject): ``log_likelihood`` of the fit, where it was recorded.

    Returns
    -------
    variables : dict of dict of arrays
        Of each case its ``correlation`` (chain, draw, population, edge).
    gains : dict of dict of float
        Of each case by how much it foretells the people better than the fit (`gain_of`); empty where nothing was recorded.
    """
    little = min(BRIEFLY * effort.draws, max_draws)
    variables: dict[str, dict[str, Any]] = {}
    gains: dict[str, dict[str, float]] = {}
    spent: set[str] = set()  # whose budget is

    def draw(name: str, most: int, effort: Effort, title: str) -> None:
        # Nothing else of a case is reported, so nothing else has to mix.
        arrays, stats, settings = run(
            special_case(spec, name), design, seeds[STRUCTURES.index(name)], effort, max_draws=most, title=title,
            only="correlation",
        )  # fmt: skip
        variables[name] = {"correlation": arrays["correlation"].astype(np.float32)}
        if settings["draws"] * settings["thin"] >= max_draws:
            spent.add(name)
        if foretold is not None and "log_likelihood" in stats:
            gains[name] = gain_of(stats["log_likelihood"], foretold)

    for name in STRUCTURES:
        draw(name, little, effort, f"special case: {name}")
    # Without a size to reach exactly so many draws were asked for.
    if effort.min_ess <= 0 or little == max_draws:
        return variables, gains
    # Other draws foretell the people a little differently, so that a case that is drawn again may count for more than it was drawn for.
    for _ in range(ROUNDS):
        shares = shares_of({name: weight_of(gains.get(name, {})) for name in STRUCTURES})
        short = [
            name
            for name in STRUCTURES
            if name not in spent and not _enough(variables[name], shares[name], effort)
        ]
        for name in short:
            part = replace(
                effort,
                min_ess=effort.min_ess * shares[name],
                largest_rhat=1.0 + (LARGEST_RHAT - 1.0) / shares[name],
            )
            draw(name, max_draws, part, f"{name}, {shares[name]:.2f} of the answer")
        if not short:
            break
    return variables, gains


def _enough(variables: dict[str, Any], share: float, effort: Effort) -> bool:
    ess, rhat = as_part(*mixing(variables), share)
    return bool(ess >= effort.min_ess and rhat <= LARGEST_RHAT)
