"""The methods paragraph, its references, and how the fit was made: all read from the fit itself."""

import json
import re
from typing import Any, NamedTuple

import xarray as xr

from bayescov.design import Design
from bayescov.model.sections import SharedPrior
from bayescov.model.spec import ModelSpec
from bayescov.posterior.verdicts import DOUBT
from bayescov.report.repeating import repeating
from bayescov.report.twin import FISHER_Z
from bayescov.report.words import listing, plural
from bayescov.sampling.diagnostics import Diagnosis
from bayescov.sampling.mixing import LARGEST_RHAT, SMALLEST_ESS
from bayescov.sampling.tree import settings_of, spec_of

__all__ = ["Methods", "methods"]

FDR = (
    "Newton, M. A. et al. (2004). Detecting differential gene expression with a semiparametric "
    "hierarchical mixture method. Biostatistics 5, 155-176."
)
DECISION = "Müller, P., Parmigiani, G. and Rice, K. (2006). FDR and Bayesian multiple comparisons rules. Bayesian Statistics 8."
RHAT = (
    "Vehtari, A. et al. (2021). Rank-normalization, folding, and localization: "
    "an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16, 667-718."
)
FREEDMAN = "Winkler, A. M. et al. (2014). Permutation inference for the general linear model. NeuroImage 92, 381-397."
FISHER = 'Fisher, R. A. (1921). On the "probable error" of a coefficient of correlation deduced from a small sample. Metron 1, 3-32.'
STACKING = (
    "Yao, Y., Vehtari, A., Simpson, D. and Gelman, A. (2018). Using stacking to average Bayesian predictive distributions. "
    "Bayesian Analysis 13, 917-1007."
)
HOCHBERG = "Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300."


class Methods(NamedTuple):
    """Text for a paper, its references, the commands that repeat the analysis, and what it ran on."""

    paragraph: str
    references: tuple[str, ...]
    command: str
    made_with: tuple[tuple[str, str], ...]


def methods(
    fit: xr.DataTree,
    connections: xr.Dataset,
    volumes: xr.Dataset,
    design: Design,
    found: Diagnosis,
    *,
    command: str | None = None,
    classical: xr.Dataset | None = None,
) -> Methods:
    """Everything a reader needs to repeat the analysis, from what the fit says of itself."""
    spec = spec_of(fit)
    settings = settings_of(fit)
    sentences = [
        *_data(design),
        *_model(spec, design),
        *_answers(connections, volumes),
        *_sampling(fit, settings, found),
    ]
    averaged = [STACKING] if connections.attrs["structures"] else []
    references = [*spec.references, *averaged, FDR, DECISION, RHAT]
    if classical is not None:
        text, of_the_test = _test(classical)
        sentences.append(text)
        references += [of_the_test, HOCHBERG]
    return Methods(
        paragraph=" ".join(sentences),
        references=tuple(dict.fromkeys(references)),
        command=repeating(fit, connections, design, command),
        made_with=tuple(_made_with(fit, settings)),
    )


def _test(classical: xr.Dataset) -> tuple[str, str]:
    """What was done beside the posterior, and its reference."""
    how, reference = (
        ("their standard errors and the normal distribution", FISHER)
        if classical.attrs.get("method") == FISHER_Z
        else ("permutation of the group labels", FREEDMAN)
    )
    return (
        f"For comparison, differences of Fisher-transformed residual correlations were tested by {how}, with control of the false "
        "discovery rate over connections."
    ), reference


def _data(design: Design) -> list[str]:
    sizes = listing([f"{int(n)} {g}" for n, g in zip(design.sizes, design.populations, strict=True)])
    unit = "log-transformed volumes" if design.transform == "log" else "volumes"
    people = f"We compared {plural(len(design.regions), 'regional brain volume')} of {sizes} ({design.control} as controls)."
    scaled = (
        f"The {unit} were centred and scaled by the residual standard deviation of the controls; "
        "all differences are reported in these control SDs and as percent of the controls' volume."
    )
    missing = design.n_missing
    gaps = [
        f"{plural(missing, 'missing volume')} {'was' if missing == 1 else 'were'} imputed within the model."
    ]
    return [people, scaled, *(gaps if missing else [])]


def _model(spec: ModelSpec, design: Design) -> list[str]:
    family = "multivariate Student-t" if spec.likelihood.family == "student" else "multivariate normal"
    text = f"A hierarchical Bayesian model (bayescov, model '{spec.name}') described the volumes as {family} around group means"
    if design.covariates:
        text += f" with regression on {listing(_terms(design))}"
    text += ", effects of group and covariates being partially pooled over regions"
    if design.homologues:
        text += " (those of homologous regions correlating as far as the data say)"
    if spec.focal is not None:
        text += ", some structures of a patient group possibly hardly differing (spike and slab)"
    if design.site is not None:
        text += f", and a varying intercept for each of {len(design.sites)} sites"
    return [f"{text}.", _covariances(spec)]


def _terms(design: Design) -> list[str]:
    """The terms of the formula, each once: ``hand`` for its columns ``hand[T.left]`` and ``hand[T.right]``."""
    return list(dict.fromkeys(re.sub(r"\[[^\]]*\]", "", str(name)) for name in design.covariates))


def _covariances(spec: ModelSpec) -> str:
    if spec.shared is None:
        return "Each group had a covariance matrix of its own, with an inverse-Wishart prior."
    shared = f"The correlation matrices of the groups departed from a shared matrix ({_shared(spec.shared)})"
    ways = []
    if spec.coupling is not None:
        ways.append("by a shift of all of a group's connections together (its coupling, possibly none)")
    if spec.attenuation is not None:
        ways.append(
            "at all connections of single regions, which keep a share of them (attenuation, possibly none)"
        )
    if spec.dense is not None:
        ways.append(
            "at all connections at once, to a degree that was learned from the data (inverse-Wishart)"
        )
    if spec.sparse is not None:
        ways.append("at single connections, whose number and size were learned (spike and slab)")
    how = ways[0] if len(ways) == 1 else f"in {len(ways)} ways: {'; '.join(ways)}"
    return f"{shared} {how}. The groups' standard deviations were modelled separately."


def _shared(prior: SharedPrior) -> str:
    """The prior of the shared matrix, as a paper would name it."""
    if prior.family == "lkj":
        return f"LKJ({prior.eta:g}) prior"
    single = "uniform" if prior.eta == 1 else f"Beta({prior.eta:g}, {prior.eta:g}) on (-1, 1)"
    if prior.family == "marginal":
        return f"prior: that of an inverse-Wishart matrix, every single correlation {single}"
    return "prior: that of an inverse-Wishart matrix around a common correlation, which was learned"


def _answers(connections: xr.Dataset, volumes: xr.Dataset) -> list[str]:
    a = connections.attrs
    rate = 100 * float(a["fdr"])
    kind = "partial correlation" if a["kind"] == "partial" else "correlation"
    structures = (
        " by the model alone or by its average with any single structural special case"
        if a["structures"]
        else ""
    )
    short = (
        f"; one or two were also called of which at most {DOUBT * rate / 100:g} in all is expected to be wrong"
        if a["structures"]
        else ""
    )
    unchanged = (
        ", by the lowest probability that the model or any of its structural special cases gives"
        if a["structures"]
        else ""
    )
    together = (
        ". The draws were those of the model and of its structural special cases, of each a share by how well it foretells every "
        f"person from all others (pseudo-BMA+ weights, Yao et al. 2018: {a['structure_shares']})"
        if a["structures"]
        else ""
    )
    widest = (
        "; of a connection's difference from controls, the widest of the model's and of those of its structural special cases "
        "that do not foretell the people worse by more than two standard errors"
        if a["structures"]
        else ""
    )
    return [
        f"A connection is the {kind} of two regions' volumes across the people of a group; in each posterior draw it was called "
        f"added in a patient group if its absolute value there exceeded {a['threshold']:g} and that of the controls by more than "
        f"{a['margin']:g}, missing in the reverse case, and reversed if present in both with opposite sign{together}.",
        f"A region was called smaller or larger if its volume differed by more than {volumes.attrs['margin']:g} SD of the controls.",
        f"What changed in a group was called by the largest set of most probable changes whose expected false discovery rate is at "
        f"most {rate:g} %; of connections, none whose probability was below {100 - DOUBT * rate:g} %{structures}{short}. Unchanged was "
        f"called by the same rule{unchanged}, and everything else is undecided.",
        f"Intervals are central {100 * float(a['interval']):g} % posterior intervals{widest}.",
    ]


def _sampling(fit: xr.DataTree, settings: dict[str, Any], found: Diagnosis) -> list[str]:
    sizes = fit["posterior"].sizes
    drawn = f"{plural(sizes['chain'], 'chain')} of {sizes['draw']} draws"
    state = "met" if found.ok else "DID NOT MEET"
    return [
        f"The posterior was sampled with {drawn} (engine {fit.attrs.get('engine', 'unknown')}, seed {fit.attrs.get('seed', 'unknown')}); "
        f"the chains {state} the criteria R-hat ≤ {LARGEST_RHAT} (largest {found.max_rhat:.3f}), "
        f"bulk effective sample size ≥ {SMALLEST_ESS:.0f} "
        f"(smallest {found.min_ess_bulk:,.0f}) and at most one divergent transition in 1,000 "
        f"({found.divergences} of {found.n_transitions:,})."
    ]


def _made_with(fit: xr.DataTree, settings: dict[str, Any]) -> list[tuple[str, str]]:
    cohort = json.loads(str(fit.attrs.get("cohort", "{}")))
    versions = json.loads(str(fit.attrs.get("versions", "{}")))
    spec = spec_of(fit)
    rows = [("Table", cohort.get("source")), ("Volumetry", cohort.get("tool")), ("Unit", cohort.get("unit"))]
    excluded = cohort.get("excluded")
    if excluded:
        rows.append(("Left out", excluded if isinstance(excluded, str) else json.dumps(excluded)))
    rows += [
        ("Model", f"{spec.name}: {spec.summary}"),
        ("Engine", fit.attrs.get("engine")),
        ("Seed", fit.attrs.get("seed")),
        ("Settings", ", ".join(f"{k} {v}" for k, v in settings.items())),
        ("Fitted", fit.attrs.get("created")),
        ("Versions", ", ".join(f"{k} {v}" for k, v in versions.items())),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "")]
