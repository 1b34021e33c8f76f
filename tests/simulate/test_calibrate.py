"""What `calibrate` refuses, and when."""

from importlib import import_module

import pytest

from bayescov.errors import BayescovError
from bayescov.simulate import calibrate


@pytest.mark.parametrize(
    ("truths", "datasets", "sentence"),
    [(["null", "spars"], 1, "'spars'.*did you mean 'sparse'"), (["null"], 0, "datasets=0 leaves nothing")],
)
def test_nothing_is_fitted_before_all_names_are_known(monkeypatch, truths, datasets, sentence):
    def fitted(*_, **__):
        raise AssertionError("a data set was fitted")

    monkeypatch.setattr(import_module("bayescov.sampling"), "fit", fitted)
    with pytest.raises(BayescovError, match=sentence):
        calibrate(truths, datasets=datasets, p=4, jobs=1)
    with pytest.raises(AssertionError, match="was fitted"):  # where all is known
        calibrate(["null"], datasets=1, p=4, jobs=1)
