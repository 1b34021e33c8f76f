"""Figures from Python: each draws what the answers say, as vectors, without network."""

import socket

import matplotlib as mpl
import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import AnswerError

from .fake import FOURTEEN, fake_fit

mpl.use("agg")
import matplotlib.pyplot as plt


@pytest.fixture(scope="module")
def fit():
    return fake_fit(sizes={"HC": 200, "MS": 200, "NMOSD": 190})


@pytest.fixture(scope="module")
def edges(fit):
    return bc.connections(fit)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_matrix_draws_a_mark_for_every_probability(edges):
    ax = bc.plot_connections(edges, population="MS")
    row = edges.sel(population="MS")
    wanted = sum(int((row[f"p_{k}"] >= 0.02).sum()) for k in ("added", "missing"))
    assert len(ax.patches) == wanted
    assert [t.get_text() for t in ax.get_yticklabels()] == FOURTEEN
    called = int(np.isin(row["verdict"].values.astype(str), ["added", "missing"]).sum())
    assert sum(patch.get_linewidth() > 1 for patch in ax.patches) == called > 0


def test_circle_draws_what_is_probable_with_homologues_opposite(edges):
    ax = bc.plot_connections(edges, layout="circle", probability=0.6)
    row = edges.sel(population="MS")
    chance = np.max([row[f"p_{k}"].values for k in ("added", "missing", "reversed")], axis=0)
    assert len(ax.patches) == (chance >= 0.6).sum()
    points = ax.collections[0].get_offsets().data
    np.testing.assert_allclose(points[0::2, 0], -points[1::2, 0], atol=1e-9)  # left and right neighbours
    np.testing.assert_allclose(points[0::2, 1], points[1::2, 1], atol=1e-9)


def test_connectome_works_without_network(edges, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    display = bc.plot_connectome(edges, population="MS", display_mode="x")
    assert "MS against HC" in [t.get_text() for t in display.frame_axes.figure.findobj(mpl.text.Text)]
    display.close()


@pytest.mark.parametrize("options", [{}, {"colorbar": True}])
def test_connectome_without_a_probable_change_is_an_empty_brain_that_says_so(edges, options, tmp_path):
    weak = edges.assign({name: 0.4 * edges[name] for name in ("p_added", "p_missing")})
    display = bc.plot_connectome(weak, population="MS", display_mode="x", **options)
    figure = display.frame_axes.figure
    texts = [t.get_text() for t in figure.findobj(mpl.text.Text)]
    assert "MS against HC: nothing added or missing with a probability of 0.5 or more" in texts
    display.savefig(tmp_path / "empty.png")
    display.close()


def test_connectome_of_unknown_regions_says_what_to_use():
    unknown = bc.connections(fake_fit(sizes={"HC": 20, "A": 20}, regions=list("uvwx"), draws=50))
    with pytest.raises(AnswerError, match="plot_connections"):
        bc.plot_connectome(unknown)


@pytest.mark.parametrize("scale", ["sd", "percent"])
def test_volumes_draw_every_interval(fit, scale):
    sizes = bc.volumes(fit)
    ax = bc.plot_volumes(sizes, population="MS", scale=scale)
    low = sizes[f"difference_{scale}_low"].sel(population="MS").values
    drawn = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2][:14]
    np.testing.assert_allclose(drawn, low)
    assert len(bc.plot_volumes(sizes, scale=scale).texts) == 2 * 14


def test_matrices_show_means_above_and_uncertainty_below(fit):
    figure = bc.plot_matrices(fit)
    means, spreads = figure.axes[1].images
    correlation = fit["posterior"]["correlation"].sel(population="MS")
    assert means.get_array()[0, 1] == pytest.approx(float(correlation.mean(("chain", "draw"))[0]))
    assert spreads.get_array()[1, 0] == pytest.approx(float(correlation.std(("chain", "draw"))[0]))
    assert means.get_array().mask[1, 0]
    assert spreads.get_array().mask[0, 1]


def test_counts_are_those_of_connections(fit, edges):
    ax = bc.plot_counts(fit, population="NMOSD", thresholds=[0.1, 0.3], draws=10**6)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    for kind in ("added", "missing"):
        assert lines[kind][1] == pytest.approx(float(edges[f"n_{kind}"].sel(population="NMOSD")))


def test_reliability_of_true_and_of_boastful_probabilities():
    rng = np.random.default_rng(1)
    p = rng.uniform(size=20_000)
    true = rng.uniform(size=p.size) < p
    x, y = bc.plot_reliability(p, true).lines[1].get_data()
    np.testing.assert_allclose(x, y, atol=0.05)
    boastful = bc.plot_reliability(np.clip(2 * p - 0.5, 0, 1), true).lines[1]
    assert np.abs(boastful.get_xdata() - boastful.get_ydata()).max() > 0.1


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_figures_are_vectors(edges, tmp_path, suffix):
    path = tmp_path / f"circle.{suffix}"
    bc.plot_connections(edges, layout="circle").figure.savefig(path)
    start = path.read_bytes()[:400]
    assert start.startswith(b"%PDF") or b"<svg" in start or b"<?xml" in start


def test_names_are_text_not_formulas(tmp_path):
    fit = fake_fit(sizes={"HC": 20, "M$^S": 20}, regions=["a$b$", "$\\frac{", "c_d^e", "f"], draws=50)
    edges = bc.connections(fit)
    for layout in ("matrix", "circle"):
        bc.plot_connections(edges, layout=layout).figure.savefig(tmp_path / f"{layout}.png")
    bc.plot_volumes(bc.volumes(fit)).figure.savefig(tmp_path / "volumes.png")
    bc.plot_matrices(fit).savefig(tmp_path / "matrices.png")


def test_wrong_answers_and_names_get_a_sentence(fit, edges):
    with pytest.raises(AnswerError, match=r"needs what connections\(fit\) returned"):
        bc.plot_connections(bc.volumes(fit))
    with pytest.raises(AnswerError, match="did you mean 'NMOSD'"):
        bc.plot_connections(edges, population="NMOS")
    with pytest.raises(AnswerError, match="one outcome for each"):
        bc.plot_reliability([0.1, 0.2], [True])
