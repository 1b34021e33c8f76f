"""A declared model: which departures between the groups are allowed, and every prior, read from one TOML file."""

import json
import os
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bayescov.errors import ModelError, nearest
from bayescov.model.sections import (
    REQUIRED_SECTIONS,
    SECTIONS,
    AttenuationPrior,
    CouplingPrior,
    DensePrior,
    FocalPrior,
    Likelihood,
    MeanPrior,
    SharedPrior,
    SparsePrior,
    SpreadPrior,
)

__all__ = ["ModelSpec", "load_model", "model_names"]

TEXTS = ("title", "summary")
LARGEST_KAPPA = 1e6  # as much as infinite


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A declared generative model. Made by `load_model`; written into every fit.

    Attributes
    ----------
    name : str
    title, summary : str
    references : tuple of str
    likelihood : Likelihood
    mean : MeanPrior
    focal : FocalPrior or None
        None: all structures of a patient group differ by about as much.
    spread : SpreadPrior or None
        None: D = 1 for every group and region.
    shared : SharedPrior or None
        None: the identity matrix takes the place of R_0 (nothing is shared).
    dense : DensePrior or None
        None: kappa is infinite.
    coupling : CouplingPrior or None
        None: no shift of all correlations at once.
    attenuation : AttenuationPrior or None
        None: every region keeps its correlations.
    sparse : SparsePrior or None
        None: Delta is zero.
    """

    name: str
    title: str
    summary: str
    references: tuple[str, ...] = ()
    likelihood: Likelihood = field(default_factory=Likelihood)
    mean: MeanPrior = field(default_factory=MeanPrior)
    focal: FocalPrior | None = None
    spread: SpreadPrior | None = None
    shared: SharedPrior | None = None
    dense: DensePrior | None = None
    coupling: CouplingPrior | None = None
    attenuation: AttenuationPrior | None = None
    sparse: SparsePrior | None = None

    def __post_init__(self) -> None:
        """Refuse combinations that are no model."""
        departures = (self.sparse, self.spread, self.coupling, self.attenuation)
        if self.shared is None and (self.dense is None or any(d is not None for d in departures)):
            raise ModelError(
                f"model {self.name!r}: without a [shared] matrix a [dense] section is needed, and neither [sparse], "
                "[spread], [coupling] nor [attenuation] has anything to depart from"
            )
        if self.shared is not None and self.spread is None:
            raise ModelError(
                f"model {self.name!r}: a [shared] matrix needs a [spread] section for the groups' SDs"
            )
        _require(
            self.likelihood.family in ("normal", "student"),
            self,
            "likelihood.family",
            "'normal' or 'student'",
        )
        if self.shared is not None:
            families = ("marginal", "lkj", "common")
            _require(self.shared.family in families, self, "shared.family", "'marginal', 'lkj' or 'common'")
        _require_positive(self, "likelihood", ("dof_shape", "dof_rate"))
        means = ("intercept_sd", "shift_sd", "spread_scale", "site_scale", "symmetry_a", "symmetry_b")
        _require_positive(self, "mean", means)
        _require_positive(self, "focal", ("share_a", "share_b", "same_sd"))
        _require_positive(self, "spread", ("control_sd", "shift_sd", "spread_scale"))
        _require_positive(self, "shared", ("eta",))
        _require_positive(self, "dense", ("median",))
        _require_positive(self, "sparse", ("share_a", "share_b", "size_median", "size_width"))
        _require_positive(self, "coupling", ("scale",))
        _require_positive(self, "attenuation", ("shape",))
        if self.attenuation is not None:
            _require(
                0 < self.attenuation.share < 1, self, "attenuation.share", "a probability between 0 and 1"
            )
        if self.coupling is not None:
            _require(0 < self.coupling.share <= 1, self, "coupling.share", "a probability above 0")
        if self.dense is not None:
            _require(self.dense.width >= 0, self, "dense.width", "zero or more")
            _require(0 <= self.dense.atom < 1, self, "dense.atom", "a probability below 1")
            _require(
                self.dense.width > 0 or self.dense.atom == 0,
                self,
                "dense.atom",
                "zero where dense.width is: kappa is fixed",
            )
            _require(self.dense.median <= LARGEST_KAPPA, self, "dense.median", f"at most {LARGEST_KAPPA:g}")

    def first_departing(self, n_groups: int) -> int:
        """The first of the populations that may depart at single edges: 0, the controls, or 1. All after it do."""
        return 0 if self.sparse is not None and self.sparse.controls and n_groups > 2 else 1

    def to_dict(self) -> dict[str, Any]:
        """The tables of the TOML file, ready for JSON; `from_dict` turns it back."""
        table = {k: v for k, v in asdict(self).items() if v is not None}
        table["references"] = list(self.references)
        return table

    def to_json(self) -> str:
        """One line of JSON, for the attributes of a fit."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(
        cls, table: Mapping[str, Any], *, name: str | None = None, source: str = "model"
    ) -> "ModelSpec":
        """A spec from the tables of a TOML file; unknown keys are refused with the nearest valid one."""
        known = ["name", *TEXTS, "references", *SECTIONS]
        for key in table:
            if key not in known:
                raise ModelError(
                    f"{source}: unknown key {key!r}{nearest(key, known)} (known: {', '.join(known)})"
                )
        values: dict[str, Any] = {"name": str(name or table.get("name", ""))}
        for key in TEXTS:
            if not isinstance(table.get(key), str):
                raise ModelError(f"{source}: {key!r} is missing; give a sentence in quotes")
            values[key] = table[key]
        values["references"] = tuple(str(r) for r in table.get("references", ()))
        for key, kind in SECTIONS.items():
            if key in table:
                values[key] = _section(kind, table[key], f"{source}: [{key}]")
            elif key in REQUIRED_SECTIONS:
                values[key] = kind()
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """The spec stored in a fit."""
        return cls.from_dict(json.loads(text), source="the stored model")

    def change(self, **sections: Mapping[str, Any] | None) -> "ModelSpec":
        """A copy with some priors changed, for instance ``spec.change(shared={"eta": 2.0})``; None removes."""
        updates: dict[str, Any] = {}
        for key, changes in sections.items():
            if key not in SECTIONS:
                raise ModelError(f"unknown section {key!r}{nearest(key, list(SECTIONS))}")
            current = getattr(self, key)
            if changes is None:
                updates[key] = None
            else:
                base = {} if current is None else asdict(current)
                updates[key] = _section(SECTIONS[key], {**base, **changes}, f"[{key}]")
        return replace(self, **updates)


def _section(kind: type, table: Any, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise ModelError(f"{where} must be a section of settings such as key = 1.0, not {table!r}")
    types_of = typing.get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    values = {}
    for key, value in table.items():
        if key not in known:
            raise ModelError(f"{where}: unknown key {key!r}{nearest(key, known)} (known: {', '.join(known)})")
        wanted = types_of[key]
        good = (
            isinstance(value, bool)
            if wanted is bool
            else isinstance(value, (int, float) if wanted is float else wanted)
        )
        if not good or (wanted is float and isinstance(value, bool)):
            raise ModelError(f"{where}: {key} = {value!r} should be {_in_words(wanted)}")
        values[key] = float(value) if wanted is float else value
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in values]
    if missing:
        raise ModelError(f"{where}: {', '.join(missing)} missing; give every setting of the section a value")
    return kind(**values)


def _in_words(wanted: Any) -> str:
    return {float: "a number", bool: "true or false", str: "text in quotes"}[wanted]


def _require(condition: bool, spec: ModelSpec, key: str, rule: str) -> None:
    if not condition:
        section, name = key.split(".")
        value = getattr(getattr(spec, section), name)
        raise ModelError(f"model {spec.name!r}: {key} = {value!r} must be {rule}")


def _require_positive(spec: ModelSpec, section: str, keys: tuple[str, ...]) -> None:
    prior = getattr(spec, section)
    if prior is not None:
        for key in keys:
            _require(getattr(prior, key) > 0, spec, f"{section}.{key}", "above zero")


def library() -> Path:
    """The folder of the packaged model files."""
    inside = Path(__file__).resolve().parent.parent / "models"
    return inside if inside.is_dir() else inside.parent.parent / "models"


def model_names() -> tuple[str, ...]:
    """Names of the packaged models."""
    return tuple(sorted(path.stem for path in library().glob("*.toml")))


def load_model(model: str | Path | ModelSpec) -> ModelSpec:
    """Read a declared model.

    Parameters
    ----------
    model : str, pathlib.Path or ModelSpec
        A packaged name (``"adaptive"``, ``"pooled"``, ``"sparse"``, ``"separate"``) or the path of a TOML file.
        A ModelSpec is returned as it is.

    Returns
    -------
    ModelSpec

    Raises
    ------
    ModelError
        If there is no such model, or its file has an unknown key or an impossible value.

    Examples
    --------
    >>> import bayescov as bc
    >>> bc.load_model("pooled").shared.eta
    1.0
    """
    if isinstance(model, ModelSpec):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise ModelError(
            f"a model is a name ({', '.join(model_names())}), a TOML file or a ModelSpec, not {type(model).__name__}"
        )
    path = Path(model)
    if path.suffix != ".toml":
        path = library() / f"{model}.toml"
        if not path.is_file():
            names = model_names()
            raise ModelError(
                f"there is no model {str(model)!r}{nearest(str(model), names)} (models: {', '.join(names)}; or give a TOML file)"
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"the model file {path} is not valid TOML: {error}") from error
    return ModelSpec.from_dict(table, name=path.stem, source=path.name)
