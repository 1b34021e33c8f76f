"""Ordinary classifiers on the same people and the same folds, so that one sees what the model is worth."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from bayescov.posterior.people import log_density

__all__ = ["RIVALS", "rival_probabilities"]

Floats = npt.NDArray[np.float64]

RIVALS = ("logistic", "lda", "qda", "forest")
# Of each diagnosis' own covariance in the quadratic discriminant analysis; the rest is the identity.
HELD = 0.5


def rival_probabilities(
    name: str, train: Floats, positive: npt.NDArray[np.bool_], test: Floats, seed: int
) -> Floats:
    """(person,): probability of the positive diagnosis for the people of `test`.

    Parameters
    ----------
    name : str
        Of `RIVALS`: logistic regression with an L2 penalty chosen by inner cross-validation; linear discriminant
        analysis with Ledoit-Wolf shrinkage; quadratic discriminant analysis, each covariance drawn half of the way to the
        identity; a random forest.
    train, test : ndarray
        (person, feature): volumes and covariates. Missing values take the mean of the people in `train`.
    positive : ndarray of bool
        Diagnosis of the people in `train`.
    seed : int

    Raises
    ------
    ValueError
        If these people are too few to train it.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    if name == "qda":
        return _quadratic(scaled.fit_transform(train), positive, scaled.transform(test))
    pipeline = make_pipeline(scaled, _classifier(name, positive, seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # collinear features are expected; the score is what counts
        pipeline.fit(train, positive)
        return np.asarray(pipeline.predict_proba(test)[:, list(pipeline.classes_).index(True)])


def _quadratic(train: Floats, positive: npt.NDArray[np.bool_], test: Floats) -> Floats:
    """Quadratic discriminant analysis that does with fewer people than features, where scikit-learn's stops."""
    stated = []
    for own in (train[positive], train[~positive]):
        covariance = HELD * np.atleast_2d(np.cov(own.T, bias=True)) + (1.0 - HELD) * np.eye(train.shape[1])
        stated.append(np.log(len(own)) + log_density(test - own.mean(axis=0), covariance, None))
    return np.asarray(expit(stated[0] - stated[1]))


def _classifier(name: str, positive: npt.NDArray[np.bool_], seed: int) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    if name == "logistic":
        fewest = int(min(positive.sum(), (~positive).sum()))
        if fewest < 2:
            raise ValueError("one person of a diagnosis cannot be divided anew to choose the penalty")
        splits = StratifiedKFold(min(5, fewest), shuffle=True, random_state=seed)
        grid = {"C": np.logspace(-4, 2, 10)}
        return GridSearchCV(LogisticRegression(max_iter=2000), grid, cv=splits, scoring="neg_log_loss")
    if name == "lda":
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return RandomForestClassifier(n_estimators=500, min_samples_leaf=3, random_state=seed, n_jobs=1)
