"""Fits of the structural special cases of a model: each for as long as its part of the answer needs it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from bayescov.design import Design
from bayescov.model.spec import ModelSpec, load_model
from bayescov.sampling.prediction import gain_of
from bayescov.sampling.structures import AS_AN_END, shares_of, weight_of
from bayescov.sampling.watched import Effort, run

__all__ = ["STRUCTURES", "fit_cases", "special_case"]

STRUCTURES = ("pooled", "sparse")

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
    """Draw the correlations of both special cases, until they have mixed as well as their share in the answer needs it.

    Parameters
    ----------
    spec, design
        Of the fit.
    seeds : sequence of SeedSequence
        One for each of `STRUCTURES`.
    effort : Effort
    max_draws : int
        Draws a chain at most.
    foretold : ndarray or None
        (chain, draw, subject): ``log_likelihood`` of the fit, where it was recorded.

    Returns
    -------
    variables : dict of dict of arrays
        Of each case its ``correlation`` (chain, draw, population, edge).
    gains : dict of dict of float
        Of each case by how much it foretells the people better than the fit (`gain_of`); empty where nothing was recorded.
    """
    variables: dict[str, dict[str, Any]] = {}
    gains: dict[str, dict[str, float]] = {}

    def share_of(name: str, densities: Floats | None) -> float:
        if foretold is not None and densities is not None:
            gains[name] = gain_of(densities, foretold)
        # Next to the cases that were drawn before; those to come can only take of it.
        share = shares_of({n: weight_of(gains.get(n, {})) for n in (*variables, name)})[name]
        return max(share, AS_AN_END)

    for name in STRUCTURES:
        # Nothing else of a case is reported, so nothing else has to mix.
        arrays, _, _ = run(
            special_case(spec, name), design, seeds[STRUCTURES.index(name)], effort, max_draws=max_draws,
            title=f"special case: {name}", only="correlation", share_of=partial(share_of, name),
        )  # fmt: skip
        variables[name] = {"correlation": arrays["correlation"].astype(np.float32)}
    return variables, gains
