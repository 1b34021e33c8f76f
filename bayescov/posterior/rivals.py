"""Ordinary classifiers on the same people and the same folds, so that one sees what the model is worth."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RIVALS", "rival_probabilities"]

Floats = npt.NDArray[np.float64]

RIVALS = ("logistic", "lda", "qda", "forest")


def rival_probabilities(
    name: str, train: Floats, positive: npt.NDArray[np.bool_], test: Floats, seed: int
) -> Floats:
    """(person,): probability of the positive diagnosis for the people of `test`.

    Parameters
    ----------
    name : str
        Of `RIVALS`: logistic regression with an L2 penalty chosen by inner cross-validation; linear discriminant
        analysis with Ledoit-Wolf shrinkage; quadratic discriminant analysis, regularised; a random forest.
    train, test : ndarray
        (person, feature): volumes and covariates. Missing values take the mean of the people in `train`.
    positive : ndarray of bool
        Diagnosis of the people in `train`.
    seed : int
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), _classifier(name, positive, seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # collinear features are expected; the score is what counts
        pipeline.fit(train, positive)
        return np.asarray(pipeline.predict_proba(test)[:, list(pipeline.classes_).index(True)])


def _classifier(name: str, positive: npt.NDArray[np.bool_], seed: int) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    if name == "logistic":
        splits = StratifiedKFold(
            min(5, int(min(positive.sum(), (~positive).sum()))), shuffle=True, random_state=seed
        )
        grid = {"C": np.logspace(-4, 2, 10)}
        return GridSearchCV(LogisticRegression(max_iter=2000), grid, cv=splits, scoring="neg_log_loss")
    if name == "lda":
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    if name == "qda":
        return QuadraticDiscriminantAnalysis(reg_param=0.5)
    return RandomForestClassifier(n_estimators=500, min_samples_leaf=3, random_state=seed, n_jobs=1)
