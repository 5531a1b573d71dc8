"""Bag-of-words classifiers as scikit-learn pipelines, which train in a minute or two.

TF-IDF    logistic regression on TF-IDF weights of words and word pairs
NB-SVM    logistic regression on the presence of n-grams of one to three words, scaled by their
          naive Bayes log-count ratio (Wang and Manning 2012, with logistic regression as the SVM)

`evaluation/baselines.py` compares a model with them. `training/pseudo_labels.py` labels unlabelled
reviews with NB-SVM.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline


def tf_idf(C: float = 10.0) -> Pipeline:
    """Return an unfitted pipeline of TF-IDF and logistic regression, from texts to labels.

    Args:
        C: inverse strength of the L2 regularization.
    """
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=C, max_iter=1000),
    )


def nb_svm(C: float = 0.1, min_df: int = 2) -> Pipeline:
    """Return an unfitted NB-SVM pipeline, from texts to labels; several labels are one-vs-rest.

    Punctuation marks are tokens too, which improves accuracy by one point.

    Args:
        C: inverse strength of the L2 regularization.
        min_df: minimum number of training reviews with an n-gram.
    """
    return make_pipeline(
        CountVectorizer(
            ngram_range=(1, 3), binary=True, min_df=min_df, token_pattern=r"\w+|[^\w\s]"
        ),
        OneVsRestClassifier(
            make_pipeline(
                LogCountRatio(),
                LogisticRegression(
                    C=C, solver="liblinear", dual=True, max_iter=300, random_state=0
                ),
            )
        ),
    )


class LogCountRatio(TransformerMixin, BaseEstimator):
    """Scale each count by the log-count ratio of its n-gram (Wang and Manning 2012, equation 1)."""

    def fit(self, counts: csr_matrix, labels: np.ndarray) -> Self:
        """Compute the log-count ratios.

        Args:
            counts: n-gram counts, [reviews, n-grams].
            labels: 1 or 0, [reviews].
        """
        one, zero = (1 + np.asarray(counts[labels == label].sum(axis=0)) for label in (1, 0))
        self.ratio_ = np.log(one / one.sum()) - np.log(zero / zero.sum())  # [1, n-grams]
        return self

    def transform(self, counts: csr_matrix) -> csr_matrix:
        """Return the scaled counts, [reviews, n-grams], of `counts` of the same shape."""
        return counts.multiply(self.ratio_).tocsr()


BASELINES: dict[str, Callable[..., Pipeline]] = {"TF-IDF": tf_idf, "NB-SVM": nb_svm}
