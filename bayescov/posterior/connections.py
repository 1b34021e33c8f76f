"""Which connections a patient group has in addition to controls, and which are missing: from the joint draws."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.classical import fisher_z
from bayescov.errors import AnswerError
from bayescov.posterior.arguments import (
    KINDS,
    draws_apart,
    patients_of,
    require_choice,
    require_fit,
    require_number,
)
from bayescov.posterior.comparison import Compared, Tables, compare_each, difference_interval, totals
from bayescov.posterior.draws import fisher_z as z_of
from bayescov.posterior.events import CHANGES, DEFINITIONS
from bayescov.posterior.inclusion import attenuation, coupling, inclusion
from bayescov.posterior.structures import agreed, uncontradicted
from bayescov.posterior.verdicts import verdicts
from bayescov.sampling.structures import short_name, structure_shares, structure_weights, structures_of
from bayescov.sampling.tree import design_of, spec_of, study_of

__all__ = ["connections"]

STATEMENTS = (*CHANGES, "unchanged")
AGREED = "p_agreed"

# A prior that expects few changes orders weak ones by where they would be plausible, not by what the people say of each: where one
# group's correlations were all a little weaker, it ranked worse than Fisher's z. This special case expects them everywhere, and
# with some of Fisher's z itself none of the named truths it was weighed on (models/adaptive.md) is ranked worse by more than .01.
DENSE = "structure_pooled"
PLAIN = 0.2  # what Fisher's z weighs in the evidence


COUPLING = {
    "": "mean", "_low": "low", "_high": "high", "_p_stronger": "p_stronger", "_p_weaker": "p_weaker",
    "_bayes_factor": "bayes_factor",
}  # fmt: skip


def connections(
    fit: xr.DataTree,
    *,
    threshold: float = 0.3,
    margin: float = 0.1,
    kind: str = "correlation",
    fdr: float = 0.05,
    interval: float = 0.95,
) -> xr.Dataset:
    """Posterior probability that each connection was added, is missing, is reversed, or is unchanged.

    A connection is the correlation of two regions' volumes across the people of a group, covariates removed.
    Everything is computed jointly on the draws: where the fit holds its structural special cases, on draws of all of them, of
    each as many as it foretells the people well (pseudo-BMA+). In each draw a connection is *present* in a group if its absolute
    value exceeds `threshold`; it was *added* in a patient group if it is present there and exceeds the controls'
    absolute value by more than `margin`; it is *missing* if it is present in controls and exceeds the patients'
    by more than `margin`; it is *reversed* if present in both with opposite sign (and then neither added nor
    missing); otherwise it is *unchanged*.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    threshold : float
        In [0, 1). Smallest absolute correlation that counts as a connection.
    margin : float
        In [0, 1). Smallest change of the absolute correlation that counts as a change.
    kind : {"correlation", "partial"}
        ``"partial"``: the correlation given all other regions of the fit.
    fdr : float
        In [0, 1). Expected share of wrong ones among the connections of a patient group called changed, and
        among those called unchanged. None called changed has a probability below ``1 - 3 * fdr``. Where the fit
        holds its structural special cases, one or two may be called changed of which at most ``3 * fdr`` in all is expected to be wrong.
    interval : float
        In (0, 1). Probability of the central intervals. That of the difference is the widest of the fit's own and of those
        of its structural special cases that the people do not speak against (that do not foretell them worse than the
        fit by more than two standard errors).

    Returns
    -------
    xarray.Dataset
        Over (population, edge), the populations being the patient groups: ``p_added``, ``p_missing``,
        ``p_reversed``, ``p_unchanged`` (they sum to one), ``p_present_control``, ``p_present``, ``control_mean``,
        ``mean``, ``difference`` (patients minus controls) with ``difference_low`` and ``difference_high``,
        ``evidence`` (posterior mean over SD of ``atanh|rho_g| - atanh|rho_c|``, for ranking; where the fit holds its special
        case in which every connection may differ a little, .4 times its own, .4 times that of the case and .2 times
        what `fisher_z` makes of the same difference, in standard errors) and ``verdict``.
        Where the fit holds its structural special cases, ``p_added_low``, ``p_added_high`` and so on: the range
        of each probability over them, the fit by itself and all together, which the verdicts take into account.
        Of correlations only, not of partial ones: where the model selects edges, ``p_included`` (that the patients or the
        controls depart from what the groups share) and ``bayes_factor``; where it lets all correlations of a group shift at once,
        over (population): ``coupling`` with ``_low`` and ``_high`` (the shift, as the share of variance of one more cause that all
        regions have in common; of one less where negative), ``coupling_p_stronger``, ``coupling_p_weaker`` and
        ``coupling_bayes_factor``; where it lets single regions come loose, over (population, region): ``p_attenuated``,
        ``attenuation`` (the share of its correlations that the region then keeps, a posterior mean) and
        ``attenuation_bayes_factor``.
        Over (population): posterior means ``n_added``, ``n_missing`` of the numbers of connections and
        ``weight_added``, ``weight_missing`` of the sums of their changes, each with ``_low`` and ``_high``;
        ``p_more_added_than_missing``, ``p_more_missing_than_added`` (the rest is that they are equal) and
        ``p_more_weight_added``.
        Over (population, other): ``p_more_added_than_other``, ``p_more_missing_than_other``, comparing patient
        groups. Coordinates ``region_a`` and ``region_b`` on ``edge``; definitions and settings in ``attrs``.

    Raises
    ------
    AnswerError
        If this is no fit, it has no patient group, or an argument is out of its range.

    References
    ----------
    Müller, P., Parmigiani, G. and Rice, K. (2006). FDR and Bayesian multiple comparisons rules. Bayesian
    Statistics 8.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> edges = bc.connections(fit, threshold=0.3)
    >>> edges["p_added"].dims
    ('population', 'edge')
    """
    answers = answer_connections(
        fit, threshold=threshold, margin=margin, kind=kind, fdr=fdr, interval=interval
    )
    return answers.drop_vars(AGREED)


def answer_connections(
    fit: xr.DataTree, *, threshold: float, margin: float, kind: str, fdr: float, interval: float
) -> xr.Dataset:
    """What `connections` returns, and over (change, population, edge) by what probability structures agree on a change."""
    threshold = require_number("threshold", threshold, low=0.0, high=1.0, closed="left")
    margin = require_number("margin", margin, low=0.0, high=1.0, closed="left")
    fdr = require_number("fdr", fdr, low=0.0, high=1.0, closed="left")
    interval = require_number("interval", interval, low=0.0, high=1.0, closed="neither")
    require_choice("kind", kind, KINDS)
    require_fit(fit, "correlation")
    control, patients = patients_of(fit)

    draws, apart = draws_apart(fit, kind)
    tables = compare_each(draws, threshold=threshold, margin=margin)
    stated = _stacked(tables)
    answers: Tables = {name: ("population edge", values) for name, values in stated.items()}
    structures, heard = structures_of(fit), uncontradicted(fit)
    cases = {
        name: _stacked(compare_each(d, threshold=threshold, margin=margin))
        for name, d in apart.items()
        if structures
    }
    alone = cases.pop("posterior", stated)
    low, high = difference_interval([apart[name] for name in ("posterior", *heard)], interval)
    answers |= {"difference_low": ("population edge", low), "difference_high": ("population edge", high)}
    if structures:
        answers |= _ranges(answers, [alone, *cases.values()])
    if DENSE in cases:
        evidence = 0.5 * (alone["evidence"] + cases[DENSE]["evidence"])
        answers["evidence"] = ("population edge", _with_plain(evidence, fit, kind))
    if kind == "correlation" and "included" in fit["posterior"].data_vars:
        included = inclusion(fit)
        answers["p_included"] = ("population edge", included.probability)
        answers["bayes_factor"] = ("population edge", included.bayes_factor)
    if kind == "correlation" and "coupling" in fit["posterior"].data_vars:
        shift = coupling(fit, interval)
        answers |= {f"coupling{end}": ("population", getattr(shift, name)) for end, name in COUPLING.items()}
    if kind == "correlation" and "attenuation" in fit["posterior"].data_vars:
        loose = attenuation(fit)
        answers["p_attenuated"] = ("population region", loose.probability)
        answers["attenuation"] = ("population region", loose.kept)
        answers["attenuation_bayes_factor"] = ("population region", loose.bayes_factor)
    own = np.stack([alone[f"p_{name}"] for name in CHANGES])
    by_case = {case: np.stack([table[f"p_{name}"] for name in CHANGES]) for case, table in cases.items()}
    answers[AGREED] = ("change population edge", agreed(own, by_case, structure_weights(fit)))
    answers["verdict"] = ("population edge", verdicts_of(answers, fdr, several=bool(cases)))
    answers |= totals(tables, interval)

    posterior = fit["posterior"]
    names = np.array(patients, dtype=object)
    coords = {
        "population": names,
        "edge": posterior["edge"].values,
        "region_a": ("edge", posterior["region_a"].values),
        "region_b": ("edge", posterior["region_b"].values),
    }
    if len(patients) > 1:
        coords["other"] = names
    if "p_attenuated" in answers:
        coords["region"] = posterior["region"].values
    attrs = {
        "question": "connections",
        "control": control,
        "study": study_of(fit),
        "kind": kind,
        "threshold": threshold,
        "margin": margin,
        "fdr": fdr,
        "interval": interval,
        "draws": draws.shape[0],
        "pooling": "none" if spec_of(fit).shared is None else "groups and connections",
        "structures": ", ".join(structures),
        "structure_shares": ", ".join(
            f"{short_name(name)} {share:.2f}" for name, share in structure_shares(fit).items()
        ),
        "structures_uncontradicted": ", ".join(heard),
        **_definitions(averaged=DENSE in cases),
    }
    return xr.Dataset(
        {name: (dims.split(), values) for name, (dims, values) in answers.items()}, coords, attrs
    )


def _definitions(*, averaged: bool) -> dict[str, str]:
    """What each answer means; `averaged`: the evidence, with that of the special case in which everything may differ."""
    evidence = "posterior mean / SD of atanh|rho_g| - atanh|rho_c|"
    if averaged:
        evidence += (
            f"; {0.5 - 0.5 * PLAIN:g} times the fit's, as much of the special case in which neither edges nor regions depart alone, and "
            f"{PLAIN:g} times the same difference of the volumes themselves over its standard error (Fisher's z), where there are "
            "people enough for it"
        )
    return {
        **{f"definition_{name}": text for name, text in DEFINITIONS.items()},
        "definition_difference": "rho_g - rho_c",
        "definition_evidence": evidence,
        "definition_difference_interval": (
            "the widest of the central intervals of the fit and of its structural special cases that do not foretell the people "
            "worse than the fit by more than two standard errors"
        ),
        "definition_structure_shares": (
            "share of draws of the fit and of each structural special case in probabilities, means and counts, by how well each "
            "foretells every person from all others (pseudo-BMA+)"
        ),
        "definition_range": "lowest and highest over the fit by itself, its structural special cases, and all together",
        "definition_verdict": (
            "changes: per group, the largest set whose expected false discovery rate is at most fdr, or of which at most 3 fdr in "
            "all is expected to be wrong (that is one or two; only where there are special cases), of those that have a "
            "probability of at least 1 - 3 fdr by the fit alone, and by its average with any single special case; of the rest, "
            "unchanged: per group, the largest set whose expected false discovery rate by the low ends of the range is at most fdr"
        ),
        "definition_bayes_factor": "posterior odds of inclusion (counted as draws + 1/2) over prior odds, given that every R*_g is "
        "positive definite",
        "definition_coupling": "shift w of all correlations at once: r + w (1 - r) where w > 0, (r + w) / (1 + w) where w < 0",
        "definition_attenuation": "a region keeps a share a < 1 of all its correlations: r_ij a_i a_j; a is its mean where it does",
        "definition_weight": "sum over added (missing) connections of the change of the absolute correlation",
    }


def _with_plain(evidence: npt.NDArray, fit: xr.DataTree, kind: str) -> npt.NDArray:
    """Evidence (population, edge) with its part of Fisher's z; as it is where people are too few for a test."""
    try:
        tested = fisher_z(design_of(fit), kind=kind)
    except AnswerError:
        return evidence
    control, patients = (z_of(np.abs(tested[name])) for name in ("control_correlation", "correlation"))
    return (1.0 - PLAIN) * evidence + PLAIN * (patients - control) / tested["standard_error"].to_numpy()


def _stacked(tables: list[Compared]) -> dict[str, npt.NDArray]:
    """(population, edge) of everything that is known of edges."""
    return {name: np.stack([t.edges[name] for t in tables]) for name in tables[0].edges}


def _ranges(answers: Tables, structures: list[dict[str, npt.NDArray]]) -> Tables:
    """Lowest and highest probability of each statement over the structures, and all together."""
    ranges: Tables = {}
    for name in STATEMENTS:
        values = [answers[f"p_{name}"][1], *(alone[f"p_{name}"] for alone in structures)]
        ranges[f"p_{name}_low"] = ("population edge", np.min(values, axis=0))
        ranges[f"p_{name}_high"] = ("population edge", np.max(values, axis=0))
    return ranges


def verdicts_of(answers: Tables, fdr: float, *, several: bool) -> npt.NDArray[np.object_]:
    """(population, edge), each patient group with a list of its own; `several`: structures have to agree."""
    values = {name: table for name, (_, table) in answers.items()}
    changed, unchanged = np.stack([values[f"p_{name}"] for name in CHANGES]), values["p_unchanged"]
    low = values.get("p_unchanged_low", unchanged)
    return np.stack(
        [
            verdicts(
                CHANGES,
                changed[:, g],
                unchanged[g],
                fdr,
                agreed=values[AGREED][:, g],
                several=several,
                unchanged_low=low[g],
            )
            for g in range(len(unchanged))
        ]
    )
