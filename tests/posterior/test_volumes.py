"""volumes(): against the literal definitions, units, signs and verdicts."""

import math

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.cohort.table import Cohort
from bayescov.errors import AnswerError
from bayescov.sampling.tree import design_of
from tests.posterior.fakes import fake_fit


def test_every_number_equals_the_literal_definition(small):
    answers = bc.volumes(small, interval=0.9)
    mean = small["posterior"]["mean"].values.reshape(-1, 3, 5)
    scale = small["constant_data"]["scale"].values
    for g in (1, 2):
        for j in range(5):
            got = answers.isel(population=g - 1, region=j)
            difference = [float(m[g, j] - m[0, j]) for m in mean]
            percent = [100 * (math.exp(d * scale[j]) - 1) for d in difference]
            assert float(got["difference_sd"]) == pytest.approx(sum(difference) / len(difference))
            assert float(got["difference_percent"]) == pytest.approx(sum(percent) / len(percent))
            assert float(got["difference_sd_low"]) == pytest.approx(np.quantile(difference, 0.05))
            assert float(got["difference_percent_high"]) == pytest.approx(np.quantile(percent, 0.95))
            assert float(got["p_smaller"]) == sum(d < 0 for d in difference) / len(difference)
            assert float(got["p_unchanged"]) == sum(abs(d) <= 0.2 for d in difference) / len(difference)
            assert float(got["p_smaller_by_margin"]) == sum(d < -0.2 for d in difference) / len(difference)
            assert float(got["p_larger_by_margin"]) == sum(d > 0.2 for d in difference) / len(difference)


def test_identity_scale_is_relative_to_the_controls_mean(rng):
    frame = pd.DataFrame(
        rng.normal(1000.0, 50.0, size=(12, 2)), columns=["A", "B"], index=[f"s{i}" for i in range(12)]
    )
    design = bc.prepare(
        Cohort.from_frames(frame, ["HC"] * 6 + ["MS"] * 6, control="HC"), transform="identity"
    )
    mean = np.zeros((1, 4, 2, 2))
    mean[:, :, 1] = -1.0
    fit = fake_fit(np.zeros((1, 4, 2, 1)), design=design, mean=mean)
    expected = -100 * design.scale.values / frame.to_numpy()[:6].mean(axis=0)
    np.testing.assert_allclose(bc.volumes(fit)["difference_percent"].values[0], expected)


def shifted(rng, design, shift, sd):
    draws = rng.normal(shift, sd, size=(1, 2000, len(design.regions)))
    return np.stack([np.zeros_like(draws), draws, -draws], axis=2)


@pytest.mark.parametrize(
    ("shift", "sd", "verdicts"),
    [
        (-1.0, 0.2, ("smaller", "larger")),
        (
            -0.2,
            0.05,
            ("undecided", "undecided"),
        ),  # of sure sign, and as probably within the margin as beyond it
        (0.0, 0.03, ("unchanged", "unchanged")),
        (0.0, 1.0, ("undecided", "undecided")),
    ],
)
def test_verdicts(rng, small, shift, sd, verdicts):
    design = design_of(small)
    fit = fake_fit(np.zeros((1, 2000, 3, 10)), design=design, mean=shifted(rng, design, shift, sd))
    answers = bc.volumes(fit)
    for group, verdict in zip(("MS", "NMOSD"), verdicts, strict=True):
        assert (answers["verdict"].sel(population=group) == verdict).all()


def test_a_margin_of_zero_calls_the_sign(rng, small):
    design = design_of(small)
    fit = fake_fit(np.zeros((1, 2000, 3, 10)), design=design, mean=shifted(rng, design, -0.2, 0.05))
    assert (bc.volumes(fit, margin=0.0)["verdict"].sel(population="MS") == "smaller").all()
    assert (bc.volumes(fit, margin=0.0)["p_unchanged"] == 0).all()


def test_shifting_every_group_alike_changes_nothing(small):
    moved = small.copy(deep=True)
    moved["posterior"]["mean"] += 3.0
    one, two = bc.volumes(small), bc.volumes(moved)
    np.testing.assert_allclose(one["difference_sd"], two["difference_sd"], atol=1e-12)
    assert (one["verdict"] == two["verdict"]).all()


def test_bad_questions_get_a_sentence(small):
    with pytest.raises(AnswerError, match=r"interval=1 must be"):
        bc.volumes(small, interval=1)
    with pytest.raises(AnswerError, match=r"margin=-1 must be"):
        bc.volumes(small, margin=-1)
    with pytest.raises(AnswerError, match="needs a fit"):
        bc.volumes(small["posterior"].to_dataset())


def test_what_differs_is_counted_over_draws_and_weighed_against_its_prior(small):
    design, spec = design_of(small), bc.load_model("sparse").change(focal={"share_a": 1.0, "share_b": 3.0})
    mean = small["posterior"]["mean"].values
    included = np.zeros((*mean.shape[:2], 2, 5), dtype=np.int8)
    included[0, :10, 1, 2] = 1
    n = mean.shape[0] * mean.shape[1]
    fit = fake_fit(
        small["posterior"]["correlation"].values, design=design, mean=mean, model=spec, mean_included=included
    )
    answers = bc.volumes(fit)
    found = answers.sel(population="NMOSD").isel(region=2)
    assert float(found["p_differs"]) == 10 / n
    assert float(found["bayes_factor"]) == pytest.approx(3 * 10.5 / (n - 9.5))
    assert float(answers["p_differs"].sum()) == pytest.approx(10 / n)
    assert "p_differs" not in bc.volumes(small)
