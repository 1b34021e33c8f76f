"""The compiled density of a person given the others, against scipy and quadrature."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from bayescov.sampling.kernels import pointwise
from tests.sampling.callable import from_python

leave_one_out = from_python(pointwise.leave_one_out)

PEOPLE, REGIONS, KAPPA = 8, 3, 4.2


def slow(i, center, kappa, r, weight, missing, dof):
    """The definition: a t with the others' scatter, averaged over the person's own weight by quadrature."""
    seen = ~missing[i]
    if not seen.any():
        return 0.0
    others, own = np.delete(r, i, 0), np.delete(weight, i)
    scatter = (kappa * center + (others * own[:, None]).T @ others)[np.ix_(seen, seen)]
    shape = kappa + len(r) + 1
    zero = np.zeros(seen.sum())

    def density(w):
        return stats.multivariate_t(zero, scatter / shape / w, df=shape).pdf(r[i, seen])

    if dof == np.inf:
        return np.log(density(1.0))
    prior = stats.gamma(dof / 2, scale=2 / dof)
    at = [
        k * np.sqrt(2 / dof) for k in (-3, 0, 3)
    ]  # where all of it is, if there are many degrees of freedom
    return np.log(
        quad(
            lambda u: density(np.exp(u)) * prior.pdf(np.exp(u)) * np.exp(u),
            -12,
            4,
            limit=400,
            points=at,
            epsabs=0,
        )[0]
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    center = np.cov(rng.normal(size=(9, REGIONS)).T)
    missing = np.zeros((PEOPLE, REGIONS), dtype=bool)
    missing[2, 1] = missing[4, [0, 2]] = missing[5] = True
    return center, rng.normal(size=(PEOPLE, REGIONS)), rng.gamma(2, 0.5, size=PEOPLE), missing


def compiled(center, kappa, r, weight, missing, dof):
    sd = np.sqrt(np.diag(center))
    out = np.empty(PEOPLE)
    leave_one_out(
        (center / np.outer(sd, sd))[None], np.log(sd)[None], np.array([kappa]), ((r * weight[:, None]).T @ r)[None], r,
        weight, missing, dof, np.zeros(PEOPLE, dtype=np.int64), np.array([float(PEOPLE)]), out,
    )  # fmt: skip
    return out


@pytest.mark.parametrize("dof", [np.inf, 2.5, 6.0, 80.0, 500.0, 5000.0])
def test_equals_the_definition(data, dof):
    center, r, weight, missing = data
    weight = weight if dof < np.inf else np.ones(PEOPLE)
    got = compiled(center, KAPPA, r, weight, missing, dof)
    expected = [slow(i, center, KAPPA, r, weight, missing, dof) for i in range(PEOPLE)]
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("dof", [np.inf, 6.0])
def test_an_infinite_kappa_leaves_the_centre(data, dof):
    center, r, weight, missing = data
    got = compiled(center, 1e6, r, weight, missing, dof)
    for i in range(PEOPLE):
        seen = ~missing[i]
        if seen.any():
            zero, part = np.zeros(seen.sum()), center[np.ix_(seen, seen)]
            known = (
                stats.multivariate_normal(zero, part)
                if dof == np.inf
                else stats.multivariate_t(zero, part, df=dof)
            )
            assert got[i] == pytest.approx(known.logpdf(r[i, seen]))


def test_a_matrix_that_is_not_definite_gives_nan(data):
    center, r, weight, missing = data
    center = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    got = compiled(center, 1e6, r, weight, missing, np.inf)
    assert np.isnan(got[[0, 1, 3]]).all()
