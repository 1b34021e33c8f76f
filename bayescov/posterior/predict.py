"""Which diagnosis fits a new person, and when not to say."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import softmax

from bayescov.cohort.table import Cohort
from bayescov.design import Design
from bayescov.errors import AnswerError, nearest
from bayescov.posterior.arguments import require_number, require_whole
from bayescov.posterior.newcomers import newcomers
from bayescov.posterior.parameters import parameters_of
from bayescov.posterior.people import predictive_log_density
from bayescov.posterior.typicality import typicality_of
from bayescov.sampling.tree import design_of

__all__ = ["class_prior", "positions_of", "predict"]

Floats = npt.NDArray[np.float64]

ABSTAINED = "undecided"


def predict(
    fit: xr.DataTree,
    people: Cohort | pd.DataFrame,
    *,
    between: tuple[str, ...] | None = None,
    prior: str | dict[str, float] = "equal",
    certainty: float = 0.8,
    typical: float = 0.001,
    site: str | None = None,
    draws: int = 500,
) -> xr.Dataset:
    """Posterior predictive probability of each diagnosis for people who were not in the study.

    Each person's volumes are judged given their covariates, averaged over the posterior. Missing volumes are left
    out, person by person.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    people : Cohort or pandas.DataFrame
        The new people: volumes in mm3 and the covariates of the formula.
    between : tuple of str, optional
        The groups considered; by default all of the study.
    prior : {"equal", "study"} or dict
        Probability of each group before the scan: equal, as in the study, or given by name.
    certainty : float
        In [0, 1]. The least probability at which a diagnosis is named.
    typical : float
        In [0, 1]. A person whose volumes are less typical than this of every group considered gets no diagnosis.
    site : str, optional
        The column of the site, where the study had sites.
    draws : int
        How many posterior draws are averaged.

    Returns
    -------
    xarray.Dataset
        Over (subject, population): ``probability``; ``typicality``, the share of people of that group whose volumes would be at
        least as far from what is expected, as the fit predicts people whom it has not seen; NaN, and no diagnosis, for somebody
        without any volume. Over (subject): ``diagnosis``, a group or "undecided"; ``beyond``, covariates (terms of the formula) that are
        further from those of the study's people than one of their standard deviations: there the probabilities are extrapolated.

    Raises
    ------
    AnswerError
        If a group is not in the fit, or the new people's table does not fit the study.

    Examples
    --------
    >>> import bayescov as bc
    >>> study, new = bc.simulate_study("ms-nmosd", seed=1), bc.simulate_study("ms-nmosd", seed=2)
    >>> fit = bc.fit(bc.prepare(study), model="separate", seed=1)
    >>> answers = bc.predict(fit, new, between=("MS", "NMOSD"), draws=50)
    >>> answers["probability"].dims
    ('subject', 'population')
    """
    certainty = require_number("certainty", certainty, low=0.0, high=1.0)
    typical = require_number("typical", typical, low=0.0, high=1.0)
    require_whole("draws", draws, low=1)
    params = parameters_of(fit, draws)
    design = design_of(fit)
    positions = positions_of(design.populations if between is None else between, design.populations)
    names = tuple(design.populations[k] for k in positions)
    before = class_prior(prior, names, design.sizes[list(positions)])
    new = newcomers(design, people, site=site)

    density = predictive_log_density(params, new.y, new.x, new.site, positions, before, parts=("both",))[0]
    probability = softmax(density + np.log(before), axis=1)
    beyond = _beyond(design, new.x)
    typicality = typicality_of(params, new, positions, ordinary=beyond == "")
    best = probability.argmax(axis=1)
    say = (probability.max(axis=1) >= certainty) & (typicality.max(axis=1) >= typical)
    diagnosis = np.where(say, np.array(names, dtype=object)[best], ABSTAINED).astype(object)
    return xr.Dataset(
        {
            "probability": (("subject", "population"), probability),
            "typicality": (("subject", "population"), typicality),
            "diagnosis": ("subject", diagnosis),
            "beyond": ("subject", beyond),
        },
        {"subject": np.array(new.subjects, dtype=object), "population": np.array(names, dtype=object)},
        {
            "question": "predict",
            "prior": ", ".join(f"{n}: {p:g}" for n, p in zip(names, before, strict=True)),
            "certainty": certainty,
            "typical": typical,
            "draws": len(params),
            "regions_absent": ", ".join(new.absent),
        },
    )


def _beyond(design: Design, x: Floats) -> npt.NDArray[np.object_]:
    """(person,): the covariates, in SDs, that lie beyond those of everybody in the study."""
    known = design.x.values
    far = (x < known.min(axis=0) - 1.0) | (x > known.max(axis=0) + 1.0)
    names = np.array(design.covariates, dtype=object)
    return np.array([", ".join(names[row]) for row in far], dtype=object)


def positions_of(between: Any, populations: tuple[str, ...]) -> tuple[int, ...]:
    """Positions of these groups, which must be different and at least two."""
    if isinstance(between, str) or not isinstance(between, Iterable):
        raise AnswerError(
            f"between={between!r} must be the names of groups, such as {populations[:2]!r} (groups: {', '.join(populations)})"
        )
    names = tuple(between)
    for name in names:
        if name not in populations:
            raise AnswerError(
                f"there is no group {name!r}{nearest(str(name), populations)} (groups: {', '.join(populations)})"
            )
    if len(set(names)) != len(names) or len(names) < 2:
        raise AnswerError(
            f"between={names!r} must name at least two different groups (groups: {', '.join(populations)})"
        )
    return tuple(populations.index(name) for name in names)


def class_prior(prior: str | dict[str, float], names: tuple[str, ...], sizes: Floats) -> Floats:
    """(population,): probabilities of the groups before the scan."""
    if prior == "equal":
        return np.full(len(names), 1.0 / len(names))
    if prior == "study":
        return np.asarray(sizes / sizes.sum())
    if not isinstance(prior, dict) or set(prior) != set(names):
        raise AnswerError(
            f"prior={prior!r} must be 'equal', 'study', or a probability for each of {', '.join(names)}"
        )
    values = np.array(
        [require_number(f"prior[{n!r}]", prior[n], low=0.0, high=1.0, closed="neither") for n in names]
    )
    if abs(values.sum() - 1.0) > 1e-6:
        raise AnswerError(f"the probabilities of prior={prior!r} sum to {values.sum():g}; they must sum to 1")
    return values
