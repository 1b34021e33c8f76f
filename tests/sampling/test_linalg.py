"""The small matrices' algebra against numpy, for every remainder of the rows that are taken four at a time."""

import numpy as np
import pytest

from bayescov.sampling.kernels import linalg
from tests.sampling.callable import from_python

cholesky_into = from_python(linalg.cholesky_into)
invert_lower_into = from_python(linalg.invert_lower_into)
gram_of_rows_into = from_python(linalg.gram_of_rows_into)
invert_spd_into = from_python(linalg.invert_spd_into)
times = from_python(linalg.times)


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 31])
def test_factor_inverse_and_gram_are_numpys(p):
    x = np.random.default_rng(p).standard_normal((3 * p, p))
    matrix = x.T @ x / p
    lower, inverse, out = np.full((p, p), 9.0), np.full((p, p), 9.0), np.full((p, p), 9.0)
    assert cholesky_into(matrix, lower)
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrix), atol=1e-12)
    assert np.all(np.triu(lower, 1) == 0)
    invert_lower_into(lower, inverse)
    np.testing.assert_allclose(inverse @ lower, np.eye(p), atol=1e-11)
    assert np.all(np.triu(inverse, 1) == 0)
    gram_of_rows_into(lower, out)
    np.testing.assert_allclose(out, lower.T @ lower, atol=1e-11)
    log_det = invert_spd_into(matrix, out, lower, inverse)
    assert log_det == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-10)
    np.testing.assert_allclose(out @ matrix, np.eye(p), atol=1e-10)
    image = np.full(p, 9.0)
    times(matrix, x[0], image)
    np.testing.assert_allclose(image, matrix @ x[0], atol=1e-12)


@pytest.mark.parametrize("broken", [0, 3, 4, 6])
def test_what_is_not_positive_definite_has_no_factor(broken):
    matrix = np.eye(7)
    matrix[broken, broken] = -1e-3
    assert not cholesky_into(matrix, np.empty((7, 7)))
    assert np.isnan(invert_spd_into(matrix, *np.empty((3, 7, 7))))
