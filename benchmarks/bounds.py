"""How well could two diagnoses be told apart by somebody who knew more than the people tell?

    python benchmarks/bounds.py [--small]

MS against NMOSD from normal distributions with the packaged study's means, SDs and correlations; to learn from 32 and 28
people (four fifths of 40 and 35) or 200 and 200, to be told apart 4,000 of each. A likelihood ratio is made of densities of
which more and more is known. Where a share of shrinkage is "best", it is chosen by those 8,000, which nobody has.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import roc_auc_score
from tables import markdown, run_of

from bayescov.design.edges import from_edges
from bayescov.simulate import study_truth

Floats = npt.NDArray[np.float64]
Pair = list[Floats]
SHARES = np.linspace(0.0, 0.96, 25)
MANY = 4000


def main() -> None:
    run = run_of("bounds", __doc__)
    sizes = [(32, 28)] if run.small else [(32, 28), (200, 200)]
    frame = pd.DataFrame([row for n in sizes for row in repeated(n, 5 if run.small else 100)])
    run.save(frame)
    run.publish(table(frame))


def repeated(sizes: tuple[int, int], times: int) -> list[dict[str, object]]:
    """The AUC of every rule for each of so many samples to learn from."""
    known = study_truth()
    diseases = known.isel(population=slice(1, None))
    means, sds = diseases["mean"].values, diseases["sd"].values
    correlations = from_edges(known["correlation"].values)
    covariances = correlations[1:] * sds[:, :, None] * sds[:, None, :]
    rng = np.random.default_rng(1)
    people = np.vstack([rng.multivariate_normal(m, c, MANY) for m, c in zip(means, covariances, strict=True)])
    first = np.repeat([True, False], MANY)

    def auc(centres: Pair, matrices: Pair) -> float:
        one, other = (
            multivariate_normal(m, c).logpdf(people) for m, c in zip(centres, matrices, strict=True)
        )
        return float(roc_auc_score(first, one - other))

    rows: list[dict[str, object]] = []
    for number in range(times):
        sample = [rng.multivariate_normal(m, c, n) for m, c, n in zip(means, covariances, sizes, strict=True)]
        for rule, value in judged(sample, list(means), list(sds), correlations, list(covariances), auc):
            rows.append({"people": " / ".join(map(str, sizes)), "sample": number, "rule": rule, "auc": value})
    return rows


def judged(
    sample: Pair,
    means: Pair,
    sds: Pair,
    correlations: Floats,
    covariances: Pair,
    auc: Callable[[Pair, Pair], float],
) -> list[tuple[str, float]]:
    """(rule, AUC), from the least that is known to the most."""
    found = [np.mean(x, axis=0) for x in sample]
    scatter = [np.cov(x.T) for x in sample]
    around = [x - m for x, m in zip(sample, means, strict=True)]
    within = [x.T @ x / len(x) for x in around]
    pooled = sum(len(x) * c for x, c in zip(sample, scatter, strict=True)) / sum(map(len, sample))
    estimated = [correlation_of(c) for c in within]

    def best_towards(target: Floats) -> float:
        return max(
            auc(
                means,
                [((1 - w) * r + w * target) * np.outer(s, s) for r, s in zip(estimated, sds, strict=True)],
            )
            for w in SHARES
        )

    return [
        ("nothing: LDA", auc(found, [pooled, pooled])),
        ("nothing: QDA", auc(found, scatter)),
        ("nothing: QDA, each covariance shrunk (Ledoit-Wolf)", auc(found, [ledoit_wolf(x)[0] for x in sample])),
        ("means", auc(means, within)),
        ("means; each covariance shrunk (Ledoit-Wolf)", auc(means, [ledoit_wolf(x, assume_centered=True)[0] for x in around])),
        ("means, SDs; correlations shrunk to the controls' true ones, best share", best_towards(correlations[0])),
        ("means, SDs; correlations shrunk to the mean of all three true ones, best share", best_towards(correlations.mean(axis=0))),
        ("means, SDs; correlations shrunk to zero, best share", best_towards(np.eye(len(sds[0])))),
        ("covariances", auc(found, covariances)),
        ("everything", auc(means, covariances)),
    ]  # fmt: skip


def correlation_of(covariance: Floats) -> Floats:
    """Correlations."""
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


def table(frame: pd.DataFrame) -> str:
    summary = frame.groupby(["rule", "people"], sort=False)["auc"].agg(["mean", "std"])
    cells = summary.apply(lambda row: f"{row['mean']:.3f} ± {row['std']:.3f}", axis=1).unstack()
    shown = cells.rename_axis("what is known beside the people", axis=0).reset_index()
    return (
        "Area under the ROC curve of MS against NMOSD, mean and SD over samples to learn from (people of MS / NMOSD in the "
        f"columns).\n\n{markdown(shown)}\n\n`python benchmarks/bounds.py`; every sample in `results/bounds.csv`."
    )


if __name__ == "__main__":
    main()
