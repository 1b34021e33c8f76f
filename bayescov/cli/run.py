"""From a cohort to files: the five verbs in order, with everything that failed remembered and said."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
import xarray as xr

from bayescov.cli.showing import show_checks, show_points, within_limits
from bayescov.cli.speaking import FAILED, HOW_TO_SEE, complain, in_short, say
from bayescov.cohort import Cohort, read_cohort
from bayescov.design import Design
from bayescov.errors import BayescovError

__all__ = ["Options", "Outcome", "analyse", "fitted", "folder", "reading", "results_folder", "show_trust"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to analyse a cohort: the options of ``bayescov fit`` that are not about reading."""

    covariates: str = ""
    transform: str = "log"
    site: str | None = None
    model: str = "adaptive"
    engine: str = "auto"
    seed: int = 2023
    draws: int | None = None
    chains: int | None = None
    threshold: float = 0.3
    margin: float = 0.1
    fdr: float = 0.05
    brief: bool = False
    debug: bool = False

    def sampling(self) -> dict[str, Any]:
        """Arguments of `bayescov.fit`; what was not asked for is left to its defaults."""
        asked = {"draws": self.draws, "chains": self.chains}
        return {"engine": self.engine, "seed": self.seed} | {k: v for k, v in asked.items() if v is not None}


@dataclass
class Outcome:
    """The answers of one run, and what could not be done."""

    connections: xr.Dataset
    volumes: xr.Dataset
    debug: bool
    failures: list[str] = field(default_factory=list)

    def attempt(self, what: str, action: Callable[[], Any]) -> Any:
        """Do something that must not take the other results with it if it fails; remember that it did."""
        try:
            return action()
        except Exception as error:
            if self.debug:
                raise
            self.failures.append(f"{what} failed ({in_short(error)}).")
            return None

    def finish(self) -> None:
        """Say what failed, and end with status 1 if anything did."""
        for failure in self.failures:
            complain(failure)
        if self.failures:
            complain(f"The other results are written. {HOW_TO_SEE}")
            raise typer.Exit(FAILED)


def reading(tables: Sequence[str], *, regions: str, exclude: Sequence[str], **options: Any) -> dict[str, Any]:
    """Arguments of `read_cohort` and `check` from the command line's way of writing lists."""
    names = [name.strip() for name in regions.split(",") if name.strip()]
    return options | {
        "source": tables[0] if len(tables) == 1 else list(tables),
        "regions": regions if regions in ("subcortical", "all") else names,
        "exclude": tuple(exclude),
    }


def read(arguments: dict[str, Any]) -> Cohort:
    """The cohort, said with everything that was not plainly right about it."""
    cohort = read_cohort(**arguments)
    say(repr(cohort))
    show_checks([c for c in cohort.checks if c.passed is not True])
    return cohort


def folder(path: Path) -> Path:
    """The folder of the results, tried before anything takes time."""
    probe = path / ".bayescov-probe"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BayescovError(
            f"results cannot be written to {path} ({error.strerror}); name another folder with --out"
        ) from error
    return path


def results_folder(path: Path, names: Sequence[str], inputs: Sequence[str] = ()) -> Path:
    """The folder of a fit's results, refused where one of `names` there is no earlier result, or is what is to be read."""
    target = folder(path)
    earlier = (target / "fit.zarr").exists()
    for file in (target / name for name in names if (target / name).exists()):
        given = any(Path(source).exists() and file.samefile(source) for source in inputs)
        if given or not earlier:
            why = "is to be read" if given else "no fit has written, for there is no fit.zarr beside it"
            raise BayescovError(f"results would replace {file}, which {why}; name another folder with --out")
    return target


def typed() -> str | None:
    """What the user typed, for whoever repeats it; None where another program called."""
    return shlex.join(["bayescov", *sys.argv[1:]]) if Path(sys.argv[0]).name.startswith("bayescov") else None


def fitted(cohort: Cohort, options: Options, target: Path) -> tuple[Design, xr.DataTree]:
    """Prepare, fit, and keep the fit in `target` before anything else can fail."""
    import bayescov as bc

    spec = bc.load_model(options.model)
    design = bc.prepare(cohort, covariates=options.covariates, transform=options.transform, site=options.site)
    show_checks([c for c in design.checks if c.passed is not True and c not in cohort.checks])
    fit = bc.fit(design, spec, **options.sampling(), cohort_attrs=cohort.data.attrs)
    if command := typed():
        fit.attrs["command"] = command
    bc.save_fit(fit, target / "fit.zarr")
    stale = [name for name in LATER if (target / name).exists()]
    if stale:
        complain(
            f"In {target} are answers about an earlier fit: {', '.join(stale)}. Delete them, or ask these questions again."
        )
    return design, fit


def analyse(cohort: Cohort, options: Options, target: Path, *, study: Any = None) -> Outcome:
    """Prepare, fit, answer; write everything into `target`, a table of simulated people (`study`) too, and print the headline."""
    import bayescov as bc
    from bayescov.cli.further import QUICK_UP_TO, further
    from bayescov.report import headline, report
    from bayescov.sampling import diagnose

    design, fit = fitted(cohort, options, target)
    edges = bc.connections(fit, threshold=options.threshold, margin=options.margin, fdr=options.fdr)
    regions = bc.volumes(fit, fdr=options.fdr)
    if study is not None:
        study.to_csv(target / "study.csv")
    bc.to_frame(edges).to_csv(target / "connections.csv", index=False)
    bc.to_frame(regions).to_csv(target / "volumes.csv", index=False)

    outcome = Outcome(edges, regions, options.debug)
    twin = outcome.attempt(
        "The permutation test",
        lambda: within_limits("the permutation test", lambda: bc.permutation_test(design, seed=options.seed)),
    )
    more: dict[str, Any] = {}
    if not options.brief and len(design.regions) <= QUICK_UP_TO:
        more = further(fit, options, attempt=outcome.attempt)
    page = target / "report.html"
    trust = outcome.attempt("The diagnostics", lambda: diagnose(fit))
    outcome.attempt(
        "The report",
        lambda: report(
            fit, page, classical=twin, diagnosis=trust, command=typed(),
            threshold=options.threshold, margin=options.margin, fdr=options.fdr, **more,
        ),
    )  # fmt: skip
    said = outcome.attempt("The headline", lambda: headline(fit, edges, regions, diagnosis=trust))
    show_points("What was found", said or [])
    show_trust(trust)
    say()
    written = [name for name in FILES if (target / name).exists()]
    say(f"Written to {target}: {', '.join(written)}. Open {page} in a browser.")
    if not options.brief and len(design.regions) > QUICK_UP_TO:
        say(
            f"For networks and sensitivity, which take longer above {QUICK_UP_TO} regions: bayescov report {target}"
        )
    return outcome


def show_trust(trust: Any) -> None:
    """What the sampler's diagnostics say, or that nothing is known of them."""
    unknown = ["The diagnostics of the sampler are not known: do not rely on this fit."]
    show_points("How far to trust the sampler", trust.sentences if trust else unknown)


RESULTS = ("connections.csv", "volumes.csv", "report.html")
"""What is written beside a fit."""
FILES = ("study.csv", "fit.zarr", *RESULTS)
LATER = (
    "comparison.csv", "networks.csv", "network_regions.csv", "sensitivity.csv", "sensitivity_priors.csv", "predictive_checks.csv",
    "differentiation.csv", "differentiation_people.csv", "predictions.csv", "models.csv", "connections_averaged.csv", "supplement.html",
)  # fmt: skip
"""What other commands write beside a fit."""
