"""How much each reading counts, and from which chance on a thing is there: settled on the tuning authors."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from bot.core.kinds import Intent, Need
from bot.core.needs.detector import rules_say
from bot.core.needs.model import ALARM, AT, OUTPUTS, URGENT, Blend
from training.corpus import Row, labels

NEEDS = tuple(need.value for need in Need)
GROUPS = (NEEDS, (URGENT, ALARM), tuple(intent.value for intent in Intent))
FALSE_ALARMS = 0.05  # of the tuning authors' harmless texts may ring somebody: the promise
FALSE_ENDS = 0.005  # of other texts may be taken for a stop or a wrong number, which end texts; the promise is 0.01
SUREST = 0.5  # and whatever the tuning authors allow, texts end only where that is more likely than not
FLAT = 0.005  # of F1: thresholds that differ by less are as good as each other
GRID = np.linspace(0.02, 0.9, 89)


def told(rows: Sequence[Row]) -> np.ndarray:
    """What the rules say of each row (rows, outputs)."""
    said = [rules_say(row.text) for row in rows]
    return np.array([[name in each for name in OUTPUTS] for each in said], np.float32)


def fit(rows: Sequence[Row], encoder: np.ndarray, letters: np.ndarray) -> Blend:
    """One weight for each reading in each group of outputs, and an offset for each output."""
    truth, rules = labels(list(rows)), told(rows)
    weights = np.zeros((4, len(OUTPUTS)), np.float32)
    for group in GROUPS:
        columns = [AT[name] for name in group]
        features = np.concatenate([_features(encoder, letters, rules, column, columns) for column in columns])
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(features, truth[:, columns].T.ravel())
        shared, offsets = fitted.coef_[0][:3], fitted.coef_[0][3:] + fitted.intercept_[0]
        weights[:3, columns] = np.maximum(shared, 0)[:, None]
        weights[3, columns] = offsets
    return Blend(*weights)


def _features(
    encoder: np.ndarray, letters: np.ndarray, rules: np.ndarray, column: int, columns: list[int]
) -> np.ndarray:
    which = np.zeros((len(encoder), len(columns)), np.float32)
    which[:, columns.index(column)] = 1
    return np.column_stack([encoder[:, column], letters[:, column], rules[:, column], which])


def thresholds(rows: Sequence[Row], chance: np.ndarray) -> dict[str, float]:
    """Needs: the best F1 of all together. Alarm and stop: as low as their false alarms allow. Others: their best F1."""
    truth = labels(list(rows)) > 0.5
    of_needs = [AT[name] for name in NEEDS]
    found = dict.fromkeys(NEEDS, _best_f1(chance[:, of_needs], truth[:, of_needs]))
    found |= {name: _best_f1(chance[:, [AT[name]]], truth[:, [AT[name]]]) for name in OUTPUTS if name not in found}
    harmless = np.array([row.harmless for row in rows])
    found[ALARM] = _lowest(chance[harmless, AT[ALARM]], FALSE_ALARMS)
    for ending in (Intent.STOP.value, Intent.WRONG_NUMBER.value):
        others = ~truth[:, AT[ending]]
        found[ending] = max(_lowest(chance[others, AT[ending]], FALSE_ENDS), SUREST)
    found[Intent.REPLY.value] = 1.1  # never asked: what is no other intent is a reply
    return found


def _best_f1(chance: np.ndarray, truth: np.ndarray) -> float:
    """The threshold with the best F1; where many are about as good, the middle one, as the very best is chance."""

    def f1(threshold: float) -> float:
        there = chance >= threshold
        return 2 * float((there & truth).sum()) / max(float(there.sum() + truth.sum()), 1.0)

    scores = [f1(each) for each in GRID]
    as_good = [each for each, score in zip(GRID, scores, strict=True) if score >= max(scores) - FLAT]
    return round(float(as_good[len(as_good) // 2]), 3)


def _lowest(chance: np.ndarray, share: float) -> float:
    """The lowest threshold on the grid that at most this share of the chances reach. Raises ValueError if none is."""
    found = next((each for each in GRID if (chance >= each).mean() <= share), None)
    if found is None:
        raise ValueError(f"more than {share:.1%} of {len(chance)} texts have a chance of {GRID[-1]:.2f} at least")
    return round(float(found), 3)
