"""Rules without permutations: Fisher's z of the difference, and the naive rule that it replaces."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.classical.answers import edge_answers, false_discovery, require_share
from bayescov.classical.correlation import correlation_matrix, effective_sizes, p_of_correlation
from bayescov.classical.exchange import Pair, make_pairs
from bayescov.design import Design
from bayescov.design.edges import to_edges
from bayescov.errors import AnswerError, nearest

__all__ = ["fisher_z", "naive"]

Floats = npt.NDArray[np.float64]
EDGES = ("population", "edge")
CORRECTIONS = ("none", "fdr")
WARNING = (
    "A warning example, not a result: 'significant in one group and not in the other' is not a test of a difference. "
    "Random parts of one healthy group differ by this rule at a large share of their connections "
    "(the table in benchmarks/README.md)."
)


def fisher_z(design: Design, *, kind: str = "correlation") -> xr.Dataset:
    """Test every connection of every patient group against the controls by Fisher's z, without permutations.

    The difference of two Fisher z's over its standard error, referred to the normal distribution. It trusts the
    data to be normal: under heavy tails it calls too much, and `permutation_test` does not.

    Parameters
    ----------
    design : Design
        Covariates, sites and group means are removed, and missing volumes treated, as in `permutation_test`.
    kind : {"correlation", "partial", "spearman"}

    Returns
    -------
    xarray.Dataset
        Over (population, edge): ``control_correlation``, ``correlation``, ``difference``, ``difference_z``,
        ``standard_error`` (of ``difference_z``), ``statistic`` (their ratio), ``p_value`` (two-sided) and ``q_value``
        (Benjamini & Hochberg within the patient group).

    Raises
    ------
    AnswerError
        As `permutation_test`.

    Notes
    -----
    The variance is 1/(n_g - 3) + 1/(n_c - 3) (Fisher 1921), with n less the p - 2 regions held constant for partial
    correlations. For Spearman each term is (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000). To it is added what the
    regression costs (`inflation` in `bayescov.classical.residuals`).

    References
    ----------
    Fisher, R. A. (1921). On the "probable error" of a coefficient of correlation deduced from a small sample. Metron 1.
    Bonett, D. and Wright, T. (2000). Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations. Psychometrika 65.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> int((bc.fisher_z(design)["p_value"] > 1).sum())
    0
    """
    from scipy.stats import norm

    pairs, left = make_pairs(design, kind)
    difference = _stack([pair.score * np.sqrt(pair.variance) for pair in pairs])
    error = np.sqrt(_stack([pair.variance + _spearman_excess(pair) for pair in pairs]))
    p_value = 2.0 * norm.sf(np.abs(difference / error))
    return edge_answers(
        design,
        {
            **_correlations(pairs),
            "difference_z": (EDGES, difference),
            "standard_error": (EDGES, error),
            "statistic": (EDGES, difference / error),
            "p_value": (EDGES, p_value),
            "q_value": (EDGES, false_discovery(p_value)),
        },
        {"method": "Fisher's z of the difference", "kind": kind, "missing": left.missing},
    )


def naive(
    design: Design, *, alpha: float = 0.05, correction: str = "none", kind: str = "correlation"
) -> xr.Dataset:
    """The rule to avoid: call a connection changed when it is significant in one group and not in the other.

    It is here because studies use it, and to show beside an honest test what it does. See ``attrs["warning"]``.

    Parameters
    ----------
    design : Design
    alpha : float
        Level of each correlation's own test, between 0 and 1.
    correction : {"none", "fdr"}
        "fdr" applies Benjamini & Hochberg within each group first; the rule stays broken.
    kind : {"correlation", "partial", "spearman"}

    Returns
    -------
    xarray.Dataset
        Over (population, edge): ``control_correlation``, ``correlation``, ``difference``; ``p_value_control`` and
        ``p_value_patients``, each of its own correlation against zero (q-values where ``correction="fdr"``); and
        ``verdict``: "added" (significant in the patients only), "missing" (in the controls only), "unchanged".
        Over (population): ``n_added`` and ``n_missing``.

    Raises
    ------
    AnswerError
        As `permutation_test`; or if an argument is not valid.

    References
    ----------
    Gelman, A. and Stern, H. (2006). The difference between "significant" and "not significant" is not itself
    statistically significant. American Statistician 60.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> sorted(set(bc.naive(design)["verdict"].values.ravel()))
    ['added', 'missing', 'unchanged']
    """
    require_share("alpha", alpha)
    if correction not in CORRECTIONS:
        raise AnswerError(
            f"correction={correction!r} is not known{nearest(str(correction), CORRECTIONS)}; use 'none' or 'fdr'"
        )
    pairs, left = make_pairs(design, kind)
    groups = [_p_values(left.of(g), left.kind) for g in range(len(left.populations))]
    if correction == "fdr":
        groups = [false_discovery(p) for p in groups]
    patients, control = np.stack(groups[1:]), np.broadcast_to(groups[0], (len(pairs), len(groups[0])))
    verdict = np.full(patients.shape, "unchanged", dtype=object)
    verdict[(patients <= alpha) & (control > alpha)] = "added"
    verdict[(patients > alpha) & (control <= alpha)] = "missing"
    return edge_answers(
        design,
        {
            **_correlations(pairs),
            "p_value_control": (EDGES, control.copy()),
            "p_value_patients": (EDGES, patients),
            "verdict": (EDGES, verdict),
            "n_added": ("population", (verdict == "added").sum(axis=1)),
            "n_missing": ("population", (verdict == "missing").sum(axis=1)),
        },
        {
            "method": "naive rule: significant in one group only",
            "warning": WARNING,
            "alpha": float(alpha),
            "correction": correction,
            "kind": kind,
            "missing": left.missing,
        },
    )


def _correlations(pairs: list[Pair]) -> dict[str, tuple[tuple[str, str], Floats]]:
    patients = _stack([pair.observed[0] for pair in pairs])
    control = _stack([pair.observed[1] for pair in pairs])
    return {
        "control_correlation": (EDGES, control),
        "correlation": (EDGES, patients),
        "difference": (EDGES, patients - control),
    }


def _spearman_excess(pair: Pair) -> Floats | float:
    """What Bonett & Wright's variance has beyond the constant one, which does for exchanged labels."""
    if pair.kind != "spearman":
        return 0.0
    sizes = (pair.n_patients, pair.n_control)
    return sum(((1 + r**2 / 2) - 1.06) / (n - 3) for r, n in zip(pair.observed, sizes, strict=True))


def _p_values(values: Floats, kind: str) -> Floats:
    seen = np.isfinite(values).astype(float)
    n = effective_sizes(seen.T @ seen, kind, values.shape[1])
    return p_of_correlation(to_edges(correlation_matrix(values, kind)), to_edges(n))


def _stack(matrices: list[Floats]) -> Floats:
    return np.stack([to_edges(m) for m in matrices])
