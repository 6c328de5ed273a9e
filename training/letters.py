"""Teaching the letter and word runs: one logistic regression an output."""


import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bot.core.needs.model import OUTPUTS
from bot.core.needs.ngrams import NGrams, grams
from training.corpus import Row, labels

FEWEST = 2  # texts a run must stand in
STRENGTH = 10.0  # the inverse of the penalty on large weights


def teach(rows: list[Row]) -> NGrams:
    """Learn the weights of every run that stands in two texts at least."""
    runs = TfidfVectorizer(analyzer=_names, min_df=FEWEST, binary=True)
    seen, said = runs.fit_transform([row.form for row in rows]), labels(rows)
    fits = [_fit(seen, said[:, output]) for output in range(len(OUTPUTS))]
    return NGrams(
        index=runs.vocabulary_,
        rarity=runs.idf_.astype(np.float32),
        weights=np.stack([weights for weights, _ in fits], axis=1).astype(np.float32),
        bias=np.array([bias for _, bias in fits], np.float32),
    )


def _names(form: str) -> set[str]:
    return {gram.name for gram in grams(form)}


def _fit(seen: object, said: np.ndarray) -> tuple[np.ndarray, float]:
    fit = LogisticRegression(C=STRENGTH, max_iter=400).fit(seen, said)
    return fit.coef_[0], float(fit.intercept_[0])
