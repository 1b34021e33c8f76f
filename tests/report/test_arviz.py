"""ArviZ's own plots work on a fit as it is: trace, rank, forest, posterior predictive, effective sample size, pairs."""

import matplotlib as mpl
import numpy as np
import pytest

import bayescov as bc

from .fake import fake_fit

mpl.use("agg")
import arviz as az
import matplotlib.pyplot as plt

ONE = {"population": "MS", "region": ["left thalamus", "right thalamus"]}


@pytest.fixture(scope="module")
def fit():
    return fake_fit(draws=100)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(collection):
    """The figure of a plot collection; drawing it finds what building it does not."""
    figure = collection.viz["figure"].item()
    figure.canvas.draw()
    return figure


@pytest.mark.parametrize("plot", ["plot_trace", "plot_rank", "plot_forest", "plot_ess", "plot_dist"])
def test_plots_of_the_posterior(fit, plot):
    collection = getattr(az, plot)(fit, var_names=["mean"], coords=ONE, backend="matplotlib")
    assert len(drawn(collection).axes) >= 1


def test_pairs(fit):
    figure = drawn(az.plot_pair(fit, var_names=["mean"], coords=ONE, backend="matplotlib"))
    assert len(figure.axes) >= 2


def test_summary_names_regions(fit):
    table = az.summary(fit, var_names=["mean"], coords={**ONE, "population": ["MS"]})
    assert list(table.index) == ["mean[MS, left thalamus]", "mean[MS, right thalamus]"]


@pytest.mark.parametrize("region", ["left thalamus", ["left thalamus", "right caudate"], None])
def test_posterior_predictive_of_one_region_of_some_and_of_all(fit, region):
    drawn_volumes = bc.posterior_predictive(fit, draws=40)
    coords = {} if region is None else {"region": region}
    figure = drawn(az.plot_ppc_dist(drawn_volumes, coords=coords, num_samples=20, backend="matplotlib"))
    lines = [line for ax in figure.axes for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(lines) == 21  # twenty replicated studies and the one seen


def test_drawn_volumes_are_those_of_the_fitted_model(fit):
    before = set(fit.children)
    made = bc.posterior_predictive(fit, draws=200, seed=3)
    y = made["posterior_predictive"]["y"]
    assert dict(y.sizes) == {"chain": 4, "draw": 50, "subject": 109, "region": 14}
    assert set(made.children) == before | {"posterior_predictive"}
    assert set(fit.children) == before
    codes = fit["constant_data"]["population_code"].values
    seen = fit["observed_data"]["y"].values
    for g in range(3):
        replicated = y.values[:, :, codes == g].std(axis=2).mean(axis=(0, 1))
        np.testing.assert_allclose(replicated, seen[codes == g].std(axis=0), rtol=0.15)
    assert bc.posterior_predictive(fit, draws=200, seed=3)["posterior_predictive"].equals(
        made["posterior_predictive"]
    )
