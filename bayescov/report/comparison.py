"""The posterior beside its frequentist twin: which connections both call changed, which only one, and why."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.posterior.events import CHANGES

__all__ = ["REASONS", "compare", "side_by_side"]

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]
EDGES = ("population", "edge")

ALONE = 0.05  # a p that counts as small before any correction
SHRUNKEN = 0.6  # a posterior difference below this share of the observed one was drawn a good way in
MOSTLY = 0.5  # of what a test finds: with less it mostly misses
LARGEST = 0.999  # of a correlation whose Fisher z is taken

CORRECTED = "p is small by itself, but not after the correction over all connections"
REASONS = {
    ("posterior", "multiplicity"): CORRECTED,
    (
        "posterior",
        "underpowered",
    ): "with so few people the test mostly misses a change of the size that the posterior finds",
    ("posterior", "pooling"): "the model learns from the other groups and connections too, the test does not",
    ("posterior", "prior"): "with so few people the model's prior counts, and the test has none",
    (
        "test",
        "shrunken",
    ): "the model draws the difference towards what the groups share, for a large one among many is "
    "often chance",
    (
        "test",
        "another question",
    ): "the test asks for any difference, the posterior for one beyond the margin, at a "
    "connection beyond the threshold",
    (
        "test",
        "not sure enough",
    ): "a change is probable, but a list that held all as probable ones would hold too many false ones",
    ("neither", "multiplicity"): CORRECTED,
    (
        "neither",
        "underpowered",
    ): "with so few people the test mostly misses a change of twice the margin",
}
"""(Called by, why it is not called by both): what that means. The first that applies is taken."""

# Variables of the twin, and what they are called beside those of the posterior.
TWIN = {
    "control_correlation": "observed_control",
    "correlation": "observed",
    "difference": "observed_difference",
    "p_value": "p_value",
    "q_value": "q_value",
    "p_max_t": "p_max_t",
}
POSTERIOR = (
    "control_mean", "mean", "difference", "difference_low", "difference_high", "p_added", "p_missing", "p_reversed",
    "verdict",
)  # fmt: skip


def compare(
    fit: xr.DataTree,
    classical: xr.Dataset | None = None,
    *,
    threshold: float = 0.3,
    margin: float = 0.1,
    kind: str = "correlation",
    fdr: float = 0.05,
    interval: float = 0.95,
    n_permutations: int = 10_000,
    seed: int = 0,
) -> xr.Dataset:
    """Put the posterior and the permutation test of the same design side by side.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` or `load_fit` returned.
    classical : xarray.Dataset, optional
        What `permutation_test` or `fisher_z` returned for the design of this fit; the former is run if it is not given.
    threshold, margin, kind, fdr, interval
        As in `connections`. The test calls what has a Benjamini-Hochberg q of at most `fdr`.
    n_permutations, seed
        As in `permutation_test`, where `classical` is not given.

    Returns
    -------
    xarray.Dataset
        Over (population, edge), the populations being the patient groups: ``called_by`` ("both", "posterior", "test"
        or "neither"); ``why`` they part, or why neither calls it ("" where there is nothing to explain; `REASONS` and
        ``attrs`` say what each word means); from the posterior ``verdict``, ``p_added``, ``p_missing``, ``p_reversed``,
        ``control_mean``, ``mean``, ``difference`` with ``difference_low`` and ``difference_high``; from the test
        ``observed_control``, ``observed``, ``observed_difference``, ``p_value``, ``q_value``, ``p_max_t`` (permutation
        test only); and ``power``, the probability that this test gives p <= .05, uncorrected, to a true difference as
        large as the posterior mean.
        Over (population): ``n_both``, ``n_posterior``, ``n_test``, ``n_neither``; ``shrinkage``, the slope of the
        posterior's differences on the observed ones (1: nothing is shrunk); ``p_global`` (permutation test only).
        ``region_a`` and ``region_b`` on ``edge``; settings in ``attrs``. `to_frame` gives the tidy table.

    Raises
    ------
    AnswerError
        If this is no fit, `classical` is no such answer or belongs to other groups or regions, or an argument is out
        of its range.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> fit = bc.fit(design, model="separate", seed=1, progress=False)
    >>> beside = bc.compare(fit, n_permutations=999)
    >>> int(beside[["n_both", "n_posterior", "n_test", "n_neither"]].sel(population="MS").to_array().sum())
    105
    """
    from bayescov.classical import permutation_test
    from bayescov.posterior import connections
    from bayescov.sampling.tree import design_of

    edges = connections(fit, threshold=threshold, margin=margin, kind=kind, fdr=fdr, interval=interval)
    if classical is None:
        classical = permutation_test(design_of(fit), n_permutations=n_permutations, kind=kind, seed=seed)
    return side_by_side(edges, classical)


def side_by_side(connections: xr.Dataset, classical: xr.Dataset) -> xr.Dataset:
    """Merge what `connections` and `permutation_test` or `fisher_z` returned by their labels; see `compare`."""
    test = _test_of(classical, connections)
    answers = {name: connections[name].transpose(*EDGES).values for name in POSTERIOR}
    answers |= {new: test[old].transpose(*EDGES).values for old, new in TWIN.items() if old in test}
    error = _standard_errors(test)
    answers["power"] = _power(answers["control_mean"], answers["mean"], error)
    called_by = _called_by(answers, float(connections.attrs["fdr"]))
    margin, pools = float(connections.attrs["margin"]), connections.attrs.get("pooling") != "none"
    why = _why(answers, called_by, error, margin=margin, pools=pools)

    counts = {f"n_{who}": (called_by == who).sum(axis=1) for who in ("both", "posterior", "test", "neither")}
    counts["shrinkage"] = _slope(answers["observed_difference"], answers["difference"])
    if "p_global" in test:
        counts["p_global"] = test["p_global"].values
    return xr.Dataset(
        {"called_by": (EDGES, called_by), "why": (EDGES, why)}
        | {name: (EDGES, values) for name, values in answers.items()}
        | {name: ("population", values) for name, values in counts.items()},
        {name: connections.coords[name] for name in ("population", "edge", "region_a", "region_b")},
        _attrs(connections, classical),
    )


def _test_of(classical: xr.Dataset, connections: xr.Dataset) -> xr.Dataset:
    """The twin in the order of the posterior, if it is one and was made for the same groups and regions."""
    needed = {"p_value", "q_value", "correlation", "control_correlation", "difference_z", "statistic"}
    if not isinstance(classical, xr.Dataset) or not needed <= set(classical.data_vars):
        raise AnswerError(
            "classical= must be what permutation_test(design) or fisher_z(design) returned, with p_value and q_value "
            f"for each connection, but got {type(classical).__name__}"
        )
    ours, theirs = connections.attrs["kind"], str(classical.attrs.get("kind", ""))
    if (ours == "partial") != (theirs == "partial"):
        raise AnswerError(
            f"classical= was made with kind={theirs!r}, the posterior with kind={ours!r}; give both the same kind"
        )
    studies = [str(answers.attrs.get("study", "")) for answers in (connections, classical)]
    if all(studies) and studies[0] != studies[1]:
        raise AnswerError(
            "classical= was made for another design: its people, volumes, regions, covariates or sites, or their order, are not "
            "those of this fit; run it on the design of this fit"
        )
    places = {pair: e for e, pair in enumerate(_pairs(classical))}
    groups = [str(name) for name in classical["population"].values]
    for group in connections["population"].values:
        for pair in _pairs(connections):
            if str(group) not in groups or pair not in places:
                raise AnswerError(
                    f"classical= has no test of {pair[0]} and {pair[1]} in {group}; it was made for another design: run it "
                    "on the design of this fit"
                )
    return classical.isel(
        edge=[places[pair] for pair in _pairs(connections)],
        population=[groups.index(str(name)) for name in connections["population"].values],
    )


def _pairs(answers: xr.Dataset) -> list[tuple[str, str]]:
    return [
        (str(a), str(b)) for a, b in zip(answers["region_a"].values, answers["region_b"].values, strict=True)
    ]


def _standard_errors(test: xr.Dataset) -> Floats:
    """(population, edge): what the test takes for the standard error of a difference of Fisher z."""
    score, statistic = (test[name].transpose(*EDGES).values for name in ("difference_z", "statistic"))
    return np.divide(score, statistic, out=np.full_like(score, np.nan), where=statistic != 0)


def _power(control: Floats, patient: Floats, error: Floats) -> Floats:
    """Chance that a true difference of these correlations gives p <= ALONE, by the normal distribution."""
    from scipy.stats import norm

    expected = np.abs(np.arctanh(patient) - np.arctanh(control)) / error
    limit = norm.isf(ALONE / 2)
    return np.asarray(norm.sf(limit - expected) + norm.sf(limit + expected))


def _called_by(answers: dict[str, npt.NDArray], fdr: float) -> Strings:
    posterior = np.isin(answers["verdict"].astype(str), CHANGES)
    test = answers["q_value"] <= fdr
    return np.select([posterior & test, posterior, test], ["both", "posterior", "test"], "neither").astype(
        object
    )


def _why(
    answers: dict[str, npt.NDArray], called_by: Strings, error: Floats, *, margin: float, pools: bool
) -> Strings:
    """The first of `REASONS` that applies; `pools`: the model learns from all groups and connections."""
    small_p = answers["p_value"] <= ALONE
    probable = np.max([answers[f"p_{k}"] for k in CHANGES], axis=0) >= 0.5
    shrunken = np.abs(answers["difference"]) < SHRUNKEN * np.abs(answers["observed_difference"])
    weak_test = ~(answers["power"] >= MOSTLY)
    # Not asked of the posterior: where it is drawn far in, its intervals are narrow, and the fewer the people the more so.
    low, high = (np.clip(answers["control_mean"] + way * margin, -LARGEST, LARGEST) for way in (-1.0, 1.0))
    misses_most = (margin > 0) & ~(_power(low, high, error) >= MOSTLY)

    applies = {
        ("posterior", "multiplicity"): small_p,
        ("posterior", "underpowered"): weak_test,
        ("posterior", "pooling"): pools,
        ("posterior", "prior"): True,
        ("test", "shrunken"): shrunken,
        ("test", "another question"): ~probable,
        ("test", "not sure enough"): True,
        ("neither", "multiplicity"): small_p,
        ("neither", "underpowered"): misses_most,
    }
    cases = [(called_by == who) & applies[who, word] for who, word in REASONS]
    return np.select(cases, [word for _, word in REASONS], "").astype(object)


def _slope(observed: Floats, posterior: Floats) -> Floats:
    """Least squares through the origin, each patient group by itself."""
    squares = (observed**2).sum(axis=1)
    products = (observed * posterior).sum(axis=1)
    return np.divide(products, squares, out=np.full_like(squares, np.nan), where=squares > 0)


def _attrs(connections: xr.Dataset, classical: xr.Dataset) -> dict[str, object]:
    kept = ("control", "kind", "threshold", "margin", "fdr", "interval")
    tested = ("method", "n_permutations", "seed", "smallest_q_of_one_edge")
    return (
        {"question": "comparison"}
        | {name: connections.attrs[name] for name in kept}
        | {f"test_{name}": classical.attrs[name] for name in tested if name in classical.attrs}
        | {f"why_{who}_{word.replace(' ', '_')}": text for (who, word), text in REASONS.items()}
    )
