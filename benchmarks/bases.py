"""Are the stated probabilities true whatever the healthy correlations are? The truths of calibration.py from other matrices.

    python benchmarks/bases.py [--small] [--datasets 20]

34 / 40 / 35 people, 14 regions. In `calibration.py` every truth starts from the correlations of 1,075 healthy people (.08 to
.88). Here from those that the names say, each jittered afresh in every data set as if 200 people had been measured.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from calibration import shown
from tables import Run, markdown, options

from bayescov.simulate.calibrate import MAIN_TRUTHS, calibrate
from bayescov.simulate.judgement import judge

Floats = npt.NDArray[np.float64]

P = 14


def main() -> None:
    """Fit, judge, publish."""
    parser = options(__doc__)
    parser.add_argument("--datasets", type=int, default=20)
    asked = parser.parse_args()
    run, datasets = Run("bases", asked.small), 2 if asked.small else asked.datasets
    parts = []
    for name, healthy in bases().items():
        runs = calibrate(MAIN_TRUTHS, p=P, datasets=datasets, healthy=healthy, jobs=2)
        parts.append(judge(runs).assign(base=name))
    table = pd.concat(parts, ignore_index=True)
    run.save(table)
    page = shown(table).drop(columns="model")
    page.insert(0, "from", table["base"])
    run.publish(markdown(page) + f"\n\n`python benchmarks/bases.py --datasets {datasets}`")


def bases() -> dict[str, Floats]:
    """(P, P) each: nothing correlates; neighbours; three modules; two factors of either sign; everything alike."""
    at, rng = np.arange(P), np.random.default_rng(1)
    module = at % 3
    loadings = rng.uniform(-0.8, 0.8, (P, 2))
    factors = loadings @ loadings.T
    np.fill_diagonal(factors, 1.0)
    modules = np.where(module[:, None] == module, 0.6, 0.1)
    np.fill_diagonal(modules, 1.0)
    alike = np.full((P, P), 0.5)
    np.fill_diagonal(alike, 1.0)
    return {
        "unrelated": np.eye(P),
        "neighbours": 0.75 ** np.abs(at[:, None] - at),
        "modules": modules,
        "factors": factors,
        "alike": alike,
    }


if __name__ == "__main__":
    main()
