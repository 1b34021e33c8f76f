"""A fit on disk: Zarr or NetCDF, equal to the bit when it is read again."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayescov.errors import FitError, nearest

__all__ = ["FORMAT", "load_fit", "save_fit"]

# Raise when a fit of this version could not be read by older ones.
FORMAT = 1
KIND = "bayescov fit"
SUFFIXES = (".zarr", ".nc")
OWN_ATTRS = ("bayescov_format", "bayescov_arrays")
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def save_fit(fit: xr.DataTree, path: str | os.PathLike[str], *, overwrite: bool = True) -> Path:
    """Write a fit, complete in itself: draws, data, model, settings, versions and seed.

    Parameters
    ----------
    fit : xarray.DataTree
        Made by `fit`.
    path : str or path
        Ends in ``.zarr`` (a folder) or ``.nc`` (one NetCDF-4 file). Missing folders above it are made.
    overwrite : bool
        Whether a fit that is already there is replaced. Anything else that is there is never touched. The old fit is
        removed only once the new one is complete.

    Returns
    -------
    pathlib.Path
        Where it is, ready for `load_fit`.

    Raises
    ------
    FitError
        If this is not a fit, the ending is unknown, or something is in the way.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", progress=False)
    >>> bc.load_fit(bc.save_fit(fit, "study.zarr")).identical(fit)
    True
    """
    if not isinstance(path, (str, os.PathLike)):
        raise FitError(f"a fit is saved to a path (results/fit.zarr), not to {type(path).__name__}")
    target = Path(path)
    if not isinstance(fit, xr.DataTree) or fit.attrs.get("kind") != KIND:
        raise FitError(
            f"only what fit(design) or load_fit(path) returned can be saved, not {type(fit).__name__}"
        )
    if target.suffix not in SUFFIXES:
        raise FitError(
            f"a fit is saved as .zarr or .nc, not {target.suffix!r}{nearest(target.suffix, SUFFIXES)} ({target})"
        )
    _require_free(target, overwrite)
    tree = _with_digests(fit)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _quiet():
            if target.suffix == ".zarr":
                tree.to_zarr(draft, mode="w", zarr_format=3, consolidated=False, encoding=_chunks(tree))
            else:
                tree.to_netcdf(draft, engine="h5netcdf", format="NETCDF4")
        _replace(draft, target)
    except OSError as error:
        raise FitError(f"the fit cannot be written to {target}: {error.strerror or error}") from error
    finally:
        _remove(draft)
    return target


def load_fit(path: str | os.PathLike[str]) -> xr.DataTree:
    """Read a fit that `save_fit` wrote, here or elsewhere. Everything is read into memory and checked.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    xarray.DataTree
        Identical to the fit that was saved: values to the bit, types, labels and attributes.

    Raises
    ------
    FitError
        If there is nothing, something else, a fit of a newer version, or a damaged one.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise FitError(f"a stored fit is read from a path (results/fit.zarr), not from {type(path).__name__}")
    source = Path(path)
    if not source.exists():
        raise FitError(f"there is no fit at {source}{_near(source)}")
    _require_readable(source)
    try:
        with _quiet(), _open(source) as opened:
            tree = opened.load()
    except Exception as error:  # whatever the storage libraries raise on damaged bytes
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FitError(f"the fit at {source} is damaged and cannot be read: {first}") from error
    return _checked(tree, source)


def _require_free(target: Path, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not _is_fit(target):
        raise FitError(f"{target} exists and is not a fit, so it is not replaced; choose another name")
    if not overwrite:
        raise FitError(f"there is already a fit at {target}; choose another name or use overwrite=True")


def _is_fit(path: Path) -> bool:
    try:
        return _root_attrs(path).get("kind") == KIND
    except (OSError, ValueError):
        return False


def _root_attrs(path: Path) -> dict[str, Any]:
    """Attributes of the outermost group, read without opening anything else."""
    if path.is_dir():
        metadata = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
        attributes = metadata.get("attributes", {}) if isinstance(metadata, dict) else {}
        return attributes if isinstance(attributes, dict) else {}
    import h5py

    with h5py.File(path, "r") as file:
        return {k: _plain(file.attrs[k]) for k in ("kind", *OWN_ATTRS) if k in file.attrs}


def _require_readable(source: Path) -> None:
    """Say apart what is not a fit, what is damaged, and what is from a newer version."""
    if source.is_file() and source.open("rb").read(len(HDF5_SIGNATURE)) != HDF5_SIGNATURE:
        raise FitError(f"{source} is not a fit (neither a Zarr folder nor a NetCDF-4 file)")
    if source.is_dir() and not (source / "zarr.json").is_file():
        raise FitError(f"the folder {source} is not a fit: it has no zarr.json{_inside(source)}")
    try:
        attrs = _root_attrs(source)
    except (OSError, ValueError) as error:
        raise FitError(f"the fit at {source} is damaged and cannot be read: {error}") from error
    if attrs.get("kind") != KIND:
        raise FitError(f"{source} was not written by bayescov's save_fit; it is not a fit")
    version = attrs.get("bayescov_format")
    if not isinstance(version, int):
        raise FitError(f"the fit at {source} is damaged: it does not say which version of the format it is")
    if version > FORMAT:
        raise FitError(
            f"the fit at {source} was written by a newer bayescov (format {version}; this one reads up to {FORMAT}); "
            "upgrade bayescov to read it"
        )


def _open(source: Path) -> xr.DataTree:
    # Zarr 2 has a codec that unpickles; only version 3, which has none, is ever opened.
    options: dict[str, Any] = {"decode_times": False, "decode_timedelta": False}
    if source.is_dir():
        return xr.open_datatree(
            source, engine="zarr", zarr_format=3, consolidated=False, chunks=None, **options
        )
    return xr.open_datatree(source, engine="h5netcdf", **options)


def _with_digests(fit: xr.DataTree) -> xr.DataTree:
    """A copy that carries the format, and the kind and a digest of every array, in order."""
    tree = fit.copy(deep=False)
    for node in tree.subtree:
        _require_plain_attrs(node.attrs, node.path)
    arrays = {}
    for path, variable in _variables(tree):
        _require_plain_attrs(variable.attrs, path)
        kind = _kind(variable)
        arrays[path] = [kind, _digest(variable, kind)]
    tree.attrs = dict(tree.attrs) | {"bayescov_format": FORMAT, "bayescov_arrays": json.dumps(arrays)}
    for node in tree.subtree:  # encodings left over from an earlier file
        for variable in node.dataset.variables.values():
            variable.encoding = {}
    return tree


def _variables(tree: xr.DataTree) -> Iterator[tuple[str, xr.Variable]]:
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        for name, variable in dataset.variables.items():
            yield f"{node.path.rstrip('/')}/{name}", variable


def _kind(variable: xr.Variable) -> str:
    return "text" if variable.dtype.kind in "OUT" else variable.dtype.newbyteorder("<").str


def _digest(variable: xr.Variable, kind: str) -> str:
    """Of the values, the shape, the dimensions and the kind of numbers."""
    found = hashlib.blake2b(json.dumps([kind, variable.shape, variable.dims]).encode(), digest_size=16)
    if kind == "text":
        found.update(json.dumps(variable.values.ravel().tolist()).encode())
    else:
        found.update(np.ascontiguousarray(variable.values.astype(kind, copy=False)).data)
    return found.hexdigest()


def _require_plain_attrs(attrs: Any, where: str) -> None:
    for key, value in attrs.items():
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise FitError(
                f"the attribute {key!r} of {where} is {type(value).__name__}; text and numbers alone can be saved "
                "(json.dumps turns anything else into text)"
            )


def _chunks(tree: xr.DataTree) -> dict[str, dict[str, Any]]:
    """One chunk a chain; draws are noise and do not compress."""
    encoding: dict[str, dict[str, Any]] = {}
    for path, variable in _variables(tree):
        node, _, name = path.rpartition("/")
        chunks = [1 if d == "chain" and variable.ndim > 1 else max(1, n) for d, n in variable.sizes.items()]
        own: dict[str, Any] = {"chunks": tuple(chunks)} if chunks else {}
        if variable.dtype.kind == "f":
            own["compressors"] = ()
        encoding.setdefault(node or "/", {})[name] = own
    return encoding


def _replace(draft: Path, target: Path) -> None:
    if not target.exists():
        draft.rename(target)
        return
    if draft.is_file():
        draft.replace(target)
        return
    old = target.with_name(f"{draft.name}.old")
    target.rename(old)
    draft.rename(target)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _checked(tree: xr.DataTree, source: Path) -> xr.DataTree:
    """The tree as it was saved: order, types and attributes restored, every array compared with its digest."""
    try:
        arrays: dict[str, tuple[str, str]] = json.loads(tree.attrs["bayescov_arrays"])
    except (KeyError, ValueError, TypeError) as error:
        raise FitError(f"the fit at {source} is damaged: the list of its arrays cannot be read") from error
    found = dict(_variables(tree))
    groups: dict[str, dict[str, xr.Variable]] = {}
    for path, (kind, digest) in arrays.items():
        if path not in found:
            raise FitError(f"the fit at {source} is damaged: {path} is missing")
        variable = _restored(found[path], kind)
        if _digest(variable, kind) != digest:
            raise FitError(f"the fit at {source} is damaged: {path} is not what was written")
        node, _, name = path.rpartition("/")
        groups.setdefault(node or "/", {})[name] = variable
    nodes = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
    datasets = {}
    for path, variables in groups.items():
        coords = {k: v for k, v in variables.items() if k in nodes[path].coords}
        data = {k: v for k, v in variables.items() if k not in coords}
        datasets[path] = xr.Dataset(data, coords, _plain_attrs(nodes[path].attrs))
    restored = xr.DataTree.from_dict(datasets)
    restored.attrs = {k: v for k, v in _plain_attrs(tree.attrs).items() if k not in OWN_ATTRS}
    return restored


def _restored(variable: xr.Variable, kind: str) -> xr.Variable:
    """With its own type: a file knows neither the text of an empty array nor every width of a number."""
    values = variable.values
    if kind == "text":
        texts = np.empty(values.size, dtype=object)
        texts[:] = [str(v) for v in values.ravel().tolist()]
        values = texts.reshape(values.shape)
    else:
        values = values.astype(kind, copy=False)
    return xr.Variable(variable.dims, values, _plain_attrs(variable.attrs))


def _plain_attrs(attrs: Any) -> dict[str, Any]:
    return {str(k): _plain(v) for k, v in attrs.items()}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic | np.ndarray) and np.size(value) == 1 else value


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Zarr warns that its way of writing text is not yet in the specification; the digests watch over it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _near(source: Path) -> str:
    folder = source.parent
    others = sorted(p.name for p in folder.glob("*") if p.suffix in SUFFIXES) if folder.is_dir() else []
    return nearest(source.name, others) or (f"; there is: {', '.join(others[:5])}" if others else "")


def _inside(folder: Path) -> str:
    fits = sorted(p.name for p in folder.iterdir() if p.suffix in SUFFIXES)
    return f"; did you mean {str(folder / fits[0])!r}?" if fits else ""
