"""The coordinates of departures: every partial correlation has one completion, which is found from anywhere."""

import numpy as np
import pytest

from bayescov.sampling.kernels import mixed
from tests.sampling.callable import from_python

find_center = from_python(mixed.find_center)

P = 7
EDGES = np.array([(1, 2, 0), (1, 3, 1), (1, 4, 0), (1, 6, 5)])
KEPT = np.ones(P)  # nothing is attenuated


def found(shared, zeta, delta, coupling=0.0, attenuation=KEPT):
    center, inverse, work, work2 = (np.empty((P, P)) for _ in range(4))
    logdet = find_center(
        shared, np.linalg.inv(shared), np.linalg.slogdet(shared)[1], coupling, attenuation, EDGES, zeta, np.full((P, P), 2.0),
        delta, center, inverse, work, work2,
    )  # fmt: skip
    return logdet, center, inverse


# At 6, elements of the inverse are in the hundreds: close to every wall.
@pytest.mark.parametrize("furthest", [0.5, 6.0])
@pytest.mark.parametrize(("coupling", "attenuated"), [(0.0, 1.0), (0.3, 1.0), (0.0, 0.4), (0.3, 0.4)])
def test_any_zeta_has_a_matrix(furthest, coupling, attenuated):
    rng = np.random.default_rng(1)
    rows, columns = EDGES[:, 1], EDGES[:, 2]
    departs = np.zeros((P, P), dtype=bool)
    departs[rows, columns] = departs[columns, rows] = True
    for _ in range(50):
        shared = np.corrcoef(rng.standard_normal((10, P)).T)
        zeta, delta = rng.uniform(-furthest, furthest, len(EDGES)), np.zeros((P, P))
        attenuation = np.append(attenuated, KEPT[1:])
        logdet, center, inverse = found(shared, zeta, delta, coupling, attenuation)
        kept = np.outer(attenuation, attenuation)
        start = np.where(np.eye(P), 1.0, kept * (1 - (1 - shared) * np.exp(-coupling)))
        assert np.linalg.eigvalsh(center)[0] > 0
        np.testing.assert_allclose(center[~departs], start[~departs], atol=1e-14)
        literal = np.linalg.inv(center)
        np.testing.assert_allclose(literal[rows, columns], 2 * np.sinh(zeta), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(inverse, literal, rtol=1e-6, atol=1e-6)
        assert logdet == pytest.approx(np.linalg.slogdet(center)[1], abs=1e-6)
        np.testing.assert_allclose(
            np.tanh(np.arctanh(start[departs]) + delta[departs]), center[departs], atol=1e-12
        )


def test_where_the_search_begins_does_not_matter():
    rng = np.random.default_rng(2)
    shared = np.corrcoef(rng.standard_normal((12, P)).T)
    zeta = np.array([0.5, -1.0, 2.0, 0.1])
    _, first, _ = found(shared, zeta, np.zeros((P, P)))
    for begin in (0.1, -0.2, 3.0):  # from the last no matrix is positive definite
        again = found(shared, zeta, np.full((P, P), begin))[1]
        np.testing.assert_allclose(again, first, atol=1e-12)


def test_without_departures_the_shared_matrix_is_the_centre():
    shared = np.corrcoef(np.random.default_rng(3).standard_normal((12, P)).T)
    none = np.empty((0, 3), dtype=np.int64)
    center, inverse, work, work2 = (np.empty((P, P)) for _ in range(4))
    logdet = find_center(
        shared, np.linalg.inv(shared), -1.0, 0.0, np.ones(P), none, np.empty(0), np.ones((P, P)), np.zeros((P, P)), center, inverse, work,
        work2,
    )  # fmt: skip
    assert logdet == -1.0
    np.testing.assert_array_equal(center, shared)


def test_a_coupling_that_leaves_no_matrix_is_said():
    assert np.isnan(found(np.eye(P), np.zeros(len(EDGES)), np.zeros((P, P)), coupling=-1.0)[0])
