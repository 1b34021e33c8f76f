"""ArviZ's own plots work on a fit as it is: trace, rank, forest, posterior predictive, effective sample size, pairs."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

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


def test_posterior_predictive_of_one_region(fit):
    rng = np.random.default_rng(1)
    region = "left thalamus"
    who = fit["constant_data"]["population_code"].values
    mean, sd = (fit["posterior"][name].sel(region=region).values for name in ("mean", "sd"))
    y = mean[..., who] + sd[..., who] * rng.standard_normal((*mean.shape[:2], len(who)))
    observed = fit["observed_data"]["y"].sel(region=region, drop=True)
    predictive = xr.DataTree.from_dict(
        {
            "posterior_predictive": xr.Dataset({"y": (("chain", "draw", "subject"), y)}),
            "observed_data": xr.Dataset({"y": ("subject", observed.values)}),
        }
    )
    figure = drawn(az.plot_ppc_dist(predictive, num_samples=20, backend="matplotlib"))
    assert len(figure.axes) == 1
