"""`load_fit(save_fit(fit))` is the fit, to the bit; nothing else is taken for a fit, and nothing is unpickled."""

import json
import pickle
import shutil

import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

from bayescov.errors import FitError
from bayescov.sampling.storage import FORMAT, load_fit, save_fit
from bayescov.sampling.tree import design_of, spec_of

from .fakes import small_design, small_fit

ENDINGS = ("zarr", "nc")


@pytest.fixture(scope="module")
def fit():
    """Every kind of value a fit may hold: NaN, infinity, -0, integers with zeros, booleans, ids of 19 digits."""
    design = small_design(site="scanner")
    made = small_fit(
        design=design,
        model="adaptive",
        draws=60,
        included=np.arange(4 * 60 * 2 * 3).reshape(4, 60, 2, 3).astype(np.int8) % 2,
        site_effect=np.random.default_rng(2).standard_normal((4, 60, 2, 3)),
        kappa=np.where(np.arange(240).reshape(4, 60) % 3, 40.0, np.inf),
    )
    made["posterior"]["mean"].values[0, 0] = [[np.nan], [-0.0], [5e-324]]
    structure = made["posterior"].to_dataset()[["correlation"]].astype(np.float32)
    made["structure_pooled"] = xr.DataTree(structure.drop_vars(["region_a", "region_b"]))
    made.attrs["note"] = "häm, " + "x" * 100_000
    return made


def assert_same(a, b):
    assert a.identical(b)
    assert a.attrs == b.attrs
    assert list(a.children) == list(b.children)
    for name in a.children:
        left, right = a[name].to_dataset(), b[name].to_dataset()
        assert list(left.variables) == list(right.variables)
        assert left.attrs == right.attrs
        for key in left.variables:
            one, two = left[key], right[key]
            assert one.dtype == two.dtype, (name, key)
            assert one.dims == two.dims
            assert one.attrs == two.attrs
            if one.dtype == object:
                assert one.values.tolist() == two.values.tolist()
                assert all(type(v) is str for v in two.values.ravel())
            else:
                assert one.values.tobytes() == two.values.tobytes(), (name, key)
        for key in left.indexes:
            assert left.indexes[key].dtype == right.indexes[key].dtype


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_loaded_fit_is_the_fit(fit, tmp_path, ending):
    path = save_fit(fit, tmp_path / "new" / f"study.{ending}")
    assert_same(fit, load_fit(path))
    assert [p.name for p in path.parent.iterdir()] == [f"study.{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_its_design_and_model_come_back(fit, tmp_path, ending):
    loaded = load_fit(save_fit(fit, str(tmp_path / f"study.{ending}")))
    assert spec_of(loaded) == spec_of(fit)
    ours, theirs = design_of(fit), design_of(loaded)
    assert ours.to_dataset().identical(theirs.to_dataset())
    assert ours.coords().keys() == theirs.coords().keys()


def test_from_one_kind_of_file_to_the_other_and_back(fit, tmp_path):
    first = load_fit(save_fit(fit, tmp_path / "a.zarr"))
    second = load_fit(save_fit(first, tmp_path / "b.nc"))
    assert_same(fit, load_fit(save_fit(second, tmp_path / "c.zarr")))


@pytest.mark.parametrize("ending", ENDINGS)
def test_without_covariates(tmp_path, ending):
    bare = small_fit(design=small_design(covariates=""), draws=5)
    assert_same(bare, load_fit(save_fit(bare, tmp_path / f"bare.{ending}")))


def test_saving_does_not_change_the_fit(fit, tmp_path):
    before = fit.copy(deep=True)
    save_fit(fit, tmp_path / "a.zarr")
    assert_same(before, fit)


@pytest.mark.parametrize("ending", ENDINGS)
def test_another_fit_is_replaced_unless_forbidden(fit, tmp_path, ending):
    path = save_fit(fit, tmp_path / f"study.{ending}")
    other = small_fit(seed=5, draws=20)
    with pytest.raises(FitError, match=r"already a fit.*overwrite=True"):
        save_fit(other, path, overwrite=False)
    assert_same(fit, load_fit(path))
    save_fit(other, path)
    assert_same(other, load_fit(path))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_not_a_fit_is_never_replaced(fit, tmp_path, ending, kind):
    path = tmp_path / f"thesis.{ending}"
    if kind == "file":
        path.write_text("years of work")
    else:
        path.mkdir()
        (path / "chapter").write_text("years of work")
    with pytest.raises(FitError, match="is not a fit, so it is not replaced"):
        save_fit(fit, path)
    assert "years of work" in (path if kind == "file" else path / "chapter").read_text()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_write_that_fails_leaves_the_old_fit(fit, tmp_path, monkeypatch, ending):
    path = save_fit(fit, tmp_path / f"study.{ending}")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_zarr", full)
    monkeypatch.setattr(xr.DataTree, "to_netcdf", full)
    with pytest.raises(FitError, match="No space left"):
        save_fit(small_fit(seed=5, draws=20), path)
    monkeypatch.undo()
    assert_same(fit, load_fit(path))
    assert len(list(tmp_path.iterdir())) == 1


def test_only_fits_are_saved(tmp_path, fit):
    with pytest.raises(FitError, match="not Dataset"):
        save_fit(xr.Dataset(), tmp_path / "a.zarr")
    with pytest.raises(FitError, match=r"\.zarr or \.nc, not '\.zar'; did you mean '\.zarr'"):
        save_fit(fit, tmp_path / "a.zar")
    strange = fit.copy()
    strange["posterior"].attrs["list"] = [1, 2]
    with pytest.raises(FitError, match="'list' of /posterior is list"):
        save_fit(strange, tmp_path / "a.zarr")
    assert not list(tmp_path.iterdir())


def test_nothing_there(tmp_path, fit):
    save_fit(fit, tmp_path / "study.nc")
    with pytest.raises(FitError, match=r"there is no fit at .*stud\.nc; did you mean 'study\.nc'"):
        load_fit(tmp_path / "stud.nc")


@pytest.mark.parametrize("nothing", [None, 3])
def test_what_is_no_path(nothing):
    with pytest.raises(FitError, match=rf"is read from a path \(.*\), not from {type(nothing).__name__}"):
        load_fit(nothing)


def test_the_folder_of_results_instead_of_the_fit(tmp_path, fit):
    save_fit(fit, tmp_path / "fit.zarr")
    with pytest.raises(FitError, match=r"is not a fit: it has no zarr\.json; did you mean .*fit\.zarr"):
        load_fit(tmp_path)


def test_other_files_are_no_fits(tmp_path):
    table = tmp_path / "volumes.nc"
    table.write_text("subject,Left-Thalamus\n")
    with pytest.raises(FitError, match="neither a Zarr folder nor a NetCDF-4 file"):
        load_fit(table)
    xr.Dataset({"x": 1.0}).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    xr.Dataset({"x": 1.0}).to_zarr(tmp_path / "x.zarr", zarr_format=3, consolidated=False)
    for name in ("x.nc", "x.zarr"):
        with pytest.raises(FitError, match="it is not a fit"):
            load_fit(tmp_path / name)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_newer_version_is_refused(fit, tmp_path, ending):
    path = save_fit(fit, tmp_path / f"study.{ending}")
    if ending == "zarr":
        zarr.open_group(path, mode="r+").attrs["bayescov_format"] = FORMAT + 1
    else:
        with h5py.File(path, "r+") as file:
            file.attrs["bayescov_format"] = FORMAT + 1
    with pytest.raises(FitError, match=f"newer bayescov \\(format {FORMAT + 1}.*upgrade"):
        load_fit(path)


def test_a_missing_chunk_is_damage_not_zeros(fit, tmp_path):
    path = save_fit(fit, tmp_path / "study.zarr")
    chunk = next(p for p in (path / "posterior" / "sd" / "c").rglob("*") if p.is_file())
    chunk.unlink()
    with pytest.raises(FitError, match="damaged: /posterior/sd is not what was written"):
        load_fit(path)


def test_a_missing_array_is_damage(fit, tmp_path):
    path = save_fit(fit, tmp_path / "study.zarr")
    shutil.rmtree(path / "posterior" / "sd")
    with pytest.raises(FitError, match="damaged: /posterior/sd is missing"):
        load_fit(path)


def test_broken_metadata_is_damage(fit, tmp_path):
    path = save_fit(fit, tmp_path / "study.zarr")
    (path / "posterior" / "sd" / "zarr.json").write_text("{")
    with pytest.raises(FitError, match="damaged and cannot be read"):
        load_fit(path)
    (path / "zarr.json").write_text("{")
    with pytest.raises(FitError, match="damaged and cannot be read"):
        load_fit(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_damage(fit, tmp_path, share):
    path = save_fit(fit, tmp_path / "study.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FitError, match="damaged"):
        load_fit(path)


def test_one_changed_bit_is_damage(fit, tmp_path):
    path = save_fit(fit, tmp_path / "study.nc")
    needle = fit["posterior"]["sd"].values[0, 0, 0].tobytes()
    content = bytearray(path.read_bytes())
    content[content.index(needle)] ^= 1
    path.write_bytes(content)
    with pytest.raises(FitError, match="/posterior/sd is not what was written"):
        load_fit(path)


class Payload:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (open, (str(self.trace), "w"))


def test_a_pickle_in_a_folder_is_never_opened(tmp_path):
    """Zarr 2 stores could hold pickled objects; the trap below springs if anything unpickles it."""
    trace = tmp_path / "sprung"
    trap = pickle.dumps(Payload(trace))
    pickle.loads(trap).close()
    assert trace.exists(), "the trap works"
    trace.unlink()
    store = tmp_path / "study.zarr"
    array = store / "posterior" / "sd"
    array.mkdir(parents=True)
    (array / "0").write_bytes(trap)
    meta = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C",
        "filters": [{"id": "pickle", "protocol": 5}], "compressor": None,
    }  # fmt: skip
    (array / ".zarray").write_text(json.dumps(meta))
    (array / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["x"]}))
    for folder in (store, store / "posterior"):
        (folder / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
    attributes = {"kind": "bayescov fit", "bayescov_format": FORMAT, "bayescov_arrays": "{}"}
    (store / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(FitError, match=r"no zarr\.json"):
        load_fit(store)
    root = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    (store / "zarr.json").write_text(json.dumps(root))
    (store / "posterior" / "zarr.json").write_text(json.dumps(root | {"attributes": {}}))
    load_fit(store)  # an empty list of arrays: nothing of version 2 is looked at
    assert not trace.exists()
