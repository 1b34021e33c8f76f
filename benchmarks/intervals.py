"""Which structural special cases an interval should range over: what the 95 % intervals of differences cover, by rule.

    python benchmarks/intervals.py [--small] [--datasets 20]

Writes results/intervals.csv (one row a data set and rule) and the table in benchmarks/README.md. The rule that
`bayescov.connections` follows leaves out what foretells the people worse by more than two standard errors.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from tables import Run, markdown, options

import bayescov as bc
from bayescov.posterior.arguments import correlation_draws
from bayescov.posterior.comparison import difference_interval
from bayescov.posterior.structures import uncontradicted
from bayescov.sampling.structures import structures_of
from bayescov.simulate import simulate_cohort, truth

SIZES = (34, 40, 35)
TRUTHS = ("sparse", "half", "dense", "mirrored", "severity", "noise")
STANDARD_ERRORS = (0.0, 1.0, 2.0, 3.0, np.inf)

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Fit, count, write."""
    parser = options(__doc__)
    parser.add_argument("--datasets", type=int, default=20)
    asked = parser.parse_args()
    cells = [(name, k) for k in range(1 if asked.small else asked.datasets) for name in TRUTHS]
    parts = Parallel(n_jobs=2)(delayed(covered)(name, number) for name, number in cells)
    frame = pd.DataFrame([row for part in parts for row in part])
    run = Run("intervals", asked.small)
    run.save(frame)
    run.publish(table(frame))


def covered(name: str, number: int) -> list[dict[str, object]]:
    """Share of differences that lie in their intervals, by rule, in one data set; those of `calibrate` with its seed 1."""
    root = np.random.SeedSequence([1, number, *name.encode()])
    rng = np.random.default_rng(root)
    world = truth(name, p=14, rng=rng)
    design = bc.prepare(simulate_cohort(world, SIZES, rng=rng))
    seed = int(root.generate_state(1)[0])
    fit = bc.fit(design, seed=seed, draws=800, chains=2, min_ess=0.0, cores=1, progress=False)
    true = world.edges[1:] - world.edges[:1]
    own = correlation_draws(fit, "correlation")
    cases = {case: correlation_draws(fit, "correlation", group=case) for case in structures_of(fit)}

    def share(*structures: Floats) -> float:
        low, high = difference_interval(structures, 0.95)
        return float(((low <= true) & (true <= high)).mean())

    found = {"the fit alone": share(own)}
    found |= {f"{case.removeprefix('structure_')} alone": share(draws) for case, draws in cases.items()}
    for errors in STANDARD_ERRORS:
        found[rule(errors)] = share(own, *(cases[case] for case in uncontradicted(fit, errors)))
    return [{"truth": name, "dataset": number, "rule": r, "covered": c} for r, c in found.items()]


def rule(errors: float) -> str:
    """A row of the table."""
    if np.isinf(errors):
        return "the widest of all three"
    return f"the widest, without cases worse by more than {errors:g} standard errors"


def table(frame: pd.DataFrame) -> str:
    shares = frame.pivot_table(index="rule", columns="truth", values="covered", sort=False)
    shown = shares.map("{:.3f}".format).rename_axis("interval", axis=0).reset_index()
    count = frame["dataset"].nunique()
    sizes = " / ".join(map(str, SIZES))
    return (
        f"Share of the differences from controls that their 95 % intervals cover, {sizes} people, 14 regions, {count} data "
        f"sets a truth.\n\n{markdown(shown)}\n\n`python benchmarks/intervals.py --datasets {count}`; every data set in "
        "`results/intervals.csv`."
    )


if __name__ == "__main__":
    main()
