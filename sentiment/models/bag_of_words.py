"""Bag-of-words classifiers: texts and labels in, a scikit-learn pipeline out.

TF-IDF    words and pairs of them, weighted; logistic regression
NB-SVM    whether one, two or three words in a row stand in a review, each times how much more often
          it does under one label; logistic regression in place of the SVM (Wang and Manning 2012)

They learn in a minute or two. `baselines.py` compares a model with them, and `sentences.py` has
unlabelled reviews labelled by one.
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
    """TF-IDF of single words and pairs with logistic regression: texts to labels, not yet fitted.

    `C` is the inverse of the penalty on the squared weights.
    """
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=C, max_iter=1000),
    )


def nb_svm(C: float = 0.1, min_df: int = 2) -> Pipeline:
    """NB-SVM: texts to labels, not yet fitted; each label against the rest where they are many.

    An n-gram counts if `min_df` training reviews have it. Punctuation counts as words, which is
    worth a point.
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
    """Multiplies each count by the log-count ratio of its n-gram (Wang and Manning, equation 1)."""

    def fit(self, counts: csr_matrix, labels: np.ndarray) -> Self:
        """From `counts` [reviews, n-grams] under the `labels` 1 and 0 [reviews]."""
        one, zero = (1 + np.asarray(counts[labels == label].sum(axis=0)) for label in (1, 0))
        self.ratio_ = np.log(one / one.sum()) - np.log(zero / zero.sum())  # [1, n-grams]
        return self

    def transform(self, counts: csr_matrix) -> csr_matrix:
        """[reviews, n-grams], and so is what comes out."""
        return counts.multiply(self.ratio_).tocsr()


BASELINES: dict[str, Callable[..., Pipeline]] = {"TF-IDF": tf_idf, "NB-SVM": nb_svm}
