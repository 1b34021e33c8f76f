"""bayescov: how regional brain volumes, and the way they vary together, differ between groups.

The way through a study::

    import bayescov as bc

    cohort = bc.read_cohort("aseg.tsv", participants="participants.tsv", group="diagnosis", control="HC")
    design = bc.prepare(cohort, covariates="age + sex + log(icv)")
    fit = bc.fit(design, seed=2023)
    edges = bc.connections(fit)
    bc.report(fit, "report.html")
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public name -> the room it lives in. Imported on first use: `import bayescov` compiles nothing.
_ROOMS = {
    "BayescovError": "errors",
    "Cohort": "cohort.table",
    "read_cohort": "cohort",
    "read_volumes": "cohort",
    "Design": "design",
    "prepare": "design",
    "ModelSpec": "model",
    "load_model": "model",
    "model_names": "model",
    "build_model": "model.graph",
    "fit": "sampling",
    "diagnose": "sampling",
    "save_fit": "sampling",
    "load_fit": "sampling",
    "connections": "posterior",
    "volumes": "posterior",
    "networks": "posterior",
    "posterior_predictive": "posterior",
    "posterior_predictive_checks": "posterior",
    "judge_predictions": "posterior",
    "differentiate": "posterior",
    "predict": "posterior",
    "compare_models": "posterior",
    "average_connections": "posterior",
    "sensitivity": "posterior",
    "prior_grid": "posterior",
    "to_frame": "posterior",
    "ancova": "classical",
    "fisher_z": "classical",
    "naive": "classical",
    "nbs": "classical",
    "network_test": "classical",
    "permutation_test": "classical",
    "simulate_study": "simulate",
    "plan": "simulate",
    "calibrate": "simulate",
    "judge": "simulate",
    "compare": "report.comparison",
    "headline": "report",
    "report": "report",
    "supplement": "report.supplement",
    "plot_connections": "report.figures",
    "plot_connectome": "report.figures",
    "plot_counts": "report.figures",
    "plot_matrices": "report.figures",
    "plot_reliability": "report.figures",
    "plot_sensitivity": "report.figures",
    "plot_volumes": "report.figures",
}

# What else may be asked for by its room, `bayescov.simulate.truth`, without an import of its own.
_PACKAGES = ("classical", "errors", "graphs", "simulate")

__all__ = [*_ROOMS, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(f"bayescov.{_ROOMS[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"bayescov.{name}")
    raise AttributeError(f"module 'bayescov' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_PACKAGES])
