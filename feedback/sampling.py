"""Which records are worth a reader's time: strategies on arrays, no database and no model.

A strategy orders the records of a pool; ``pick`` takes the first of them, mixes in a random audit
share, and says of each record why it was taken. For the admin: a reader who reads blind must not
be told. All are deterministic by seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES
from feedback.errors import InvalidQuery

AUDIT_SHARE = 0.15  # drawn whatever the model says, so that its error rate can be counted
DRAWN = "drawn whatever the model says of it"
Rows = NDArray[np.int64]


class Strategy(StrEnum):
    """What comes first: the key that is stored, its name in words, a sentence for the admin."""

    words: str
    sentence: str

    def __new__(cls, value: str, words: str, sentence: str) -> "Strategy":
        strategy = str.__new__(cls, value)
        strategy._value_ = value
        strategy.words = words
        strategy.sentence = sentence
        return strategy

    RANDOM = ("random", "random", "every record has the same chance")
    ENTROPY = (
        "entropy",
        "entropy",
        "first what the model is most unsure of, all five classes added up",
    )
    MARGIN = ("margin", "margin", "first what has a class closest to its threshold")
    BALD = (
        "bald",
        "BALD (Bayesian active learning by disagreement)",
        "first what models that fit the taught records equally well differ on most",
    )
    DISAGREEMENT = (
        "disagreement",
        "disagreement with the label",
        "first where the model contradicts the published label most firmly",
    )
    CORE_SET = ("core-set", "core set", "first what is least like anything that was read")
    DIVERSE = (
        "uncertainty-diversity",
        "uncertainty and diversity",
        "what the model is unsure of, each unlike the other picks",
    )
    BALANCED = (
        "class-balanced",
        "balanced over the classes",
        "each class in turn gives the record nearest to its threshold",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What is known of the records that may be picked; only what a strategy needs must be there."""

    probability: Floats  # (N, 5) calibrated
    sampled: Floats | None = None  # (S, N, 5) drawn from what the model could as well believe
    features: Floats | None = None  # (N, F)
    read: Floats | None = None  # (M, F) features of the records that were read already
    label: Bools | None = None  # (N, 5) as published
    threshold: Floats = field(default_factory=lambda: np.full(len(SUPERCLASSES), 0.5))

    def __len__(self) -> int:
        return len(self.probability)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A record of the pool that was picked, and why."""

    row: int
    why: str
    audit: bool  # drawn at random: it counts for error rates


@dataclass(frozen=True, slots=True)
class Order:
    """Rows of the pool, the best first, and the reason for each by its place."""

    rows: Rows
    why: Callable[[int], str]


Picker = Callable[[Pool, int, np.random.Generator], Order]


def pick(
    strategy: Strategy,
    pool: Pool,
    count: int,
    *,
    seed: int,
    audit_share: float = AUDIT_SHARE,
) -> list[Pick]:
    """Pick ``count`` records of the pool, or all where it has no more; audits lie among them.

    Raises InvalidQuery where the pool lacks what the strategy needs, or the share cannot be.
    """
    if not 0 <= audit_share <= 1:
        raise InvalidQuery(f"an audit share of {audit_share}: give 0 to 1")
    rng = np.random.default_rng(seed)
    count = min(count, len(pool))
    audits = count if strategy is Strategy.RANDOM else round(audit_share * count)
    # the audit comes first: drawn from what a strategy leaves, it would count the easy ones
    audited = rng.permutation(len(pool))[:audits]
    order = PICKERS[strategy](pool, count, rng)
    kept = np.flatnonzero(~np.isin(order.rows, audited)).tolist()
    picks = [_audit(int(row), strategy) for row in audited] + [
        Pick(row=int(order.rows[place]), why=order.why(place), audit=False)
        for place in kept[: count - audits]
    ]
    return [picks[place] for place in rng.permutation(len(picks))]


def _audit(row: int, strategy: Strategy) -> Pick:
    drawn = "random" if strategy is Strategy.RANDOM else "random audit"
    return Pick(row=row, why=f"{drawn}: {DRAWN}", audit=True)


def entropy(probability: Floats) -> Floats:
    """The entropy of the five calls in bits, added up: (..., 5) -> (...,)."""
    bits: Floats = _bits(probability).sum(-1)
    return bits


def margin(probability: Floats, threshold: Floats) -> Floats:
    """How far the nearest class is from its threshold: (N, 5) -> (N,)."""
    gap: Floats = np.abs(probability - threshold).min(1)
    return gap


def mutual_information(sampled: Floats) -> Floats:
    """What is not known about each record because too little was taught, in bits.

    (S, N, 5) -> (N,): the entropy of the mean less the mean of the entropies. Houlsby et al.,
    "Bayesian active learning for classification and preference learning" (2011).
    """
    information: Floats = entropy(sampled.mean(0)) - entropy(sampled).mean(0)
    return information


def disagreement(probability: Floats, label: Bools) -> Floats:
    """The highest probability that the model gives to the contrary of a published label: (N,)."""
    contrary: Floats = np.where(label, 1 - probability, probability).max(1)
    return contrary


def k_centre(features: Floats, read: Floats, count: int) -> tuple[Rows, Floats]:
    """Rows that leave nothing far away, greedily, and how far each was: (count,) each.

    Sener and Savarese, "Active learning for convolutional neural networks: a core-set approach"
    (2018). Where nothing was read, the record next to the mean comes first.
    """
    middle = features.mean(0) if len(features) else np.zeros(features.shape[1])
    start = -_squared(features, middle)  # as if that record were the farthest
    nearest = _nearest(features, read)
    rows, distance = np.empty(count, np.int64), np.zeros(count)
    free = np.ones(len(features), bool)
    for place in range(count):
        first = not len(read) and place == 0
        rows[place] = row = int(np.argmax(np.where(free, start if first else nearest, -np.inf)))
        distance[place] = 0.0 if first else np.sqrt(nearest[row])
        nearest = np.minimum(nearest, _squared(features, features[row]))
        free[row] = False
    return rows, distance


def gradient_spread(
    probability: Floats, features: Floats, count: int, rng: np.random.Generator
) -> Rows:
    """Rows whose last layer would be pulled far, and each another way: (count,).

    k-means++ seeding on gradients of the last layer, taken against the label that the model finds
    likelier: Ash et al., "Deep batch active learning by diverse, uncertain gradient lower bounds"
    (2020). Gradients are outer products, so that no (N, 5 F) array is made.
    """
    if not count:
        return np.empty(0, np.int64)
    error = np.where(probability >= 0.5, probability - 1, probability)
    length = (error**2).sum(1) * (features**2).sum(1)
    rows = [int(np.argmax(length))]
    far = np.full(len(features), np.inf)
    while len(rows) < count:
        last = rows[-1]
        inner = (error @ error[last]) * (features @ features[last])
        far = np.minimum(far, np.maximum(length + length[last] - 2 * inner, 0))
        far[rows] = 0
        total = far.sum()
        if total <= 0:  # what is left is like what was taken
            left = np.setdiff1d(np.arange(len(features)), rows)
            rows += [int(row) for row in rng.permutation(left)[: count - len(rows)]]
            break
        rows.append(int(rng.choice(len(features), p=far / total)))
    return np.array(rows, dtype=np.int64)


def in_turn(probability: Floats, threshold: Floats, count: int) -> tuple[Rows, Rows]:
    """For each class in turn the record nearest to its threshold: rows and classes, (count,)."""
    queues = np.argsort(np.abs(probability - threshold), axis=0, kind="stable")
    taken: dict[int, int] = {}
    for place in range(len(probability)):
        for k in range(probability.shape[1]):
            # a record that another class has taken costs this class its turn, and no more
            taken.setdefault(int(queues[place, k]), k)
        if len(taken) >= count:
            break
    rows = list(taken)[:count]
    return np.array(rows, dtype=np.int64), np.array([taken[row] for row in rows], dtype=np.int64)


def _bits(p: Floats) -> Floats:
    q = np.clip(p, 1e-12, 1 - 1e-12)
    bits: Floats = -(q * np.log2(q) + (1 - q) * np.log2(1 - q))
    return bits


def _squared(features: Floats, centre: Floats) -> Floats:
    distance: Floats = ((features - centre) ** 2).sum(1)
    return distance


def _nearest(features: Floats, read: Floats) -> Floats:
    """The squared distance to the nearest record that was read, in parts that fit memory."""
    nearest = np.full(len(features), np.inf)
    length = (features**2).sum(1)
    for part in np.array_split(read, len(read) // 256 + 1):
        squared = length[:, None] + (part**2).sum(1) - 2 * features @ part.T
        nearest = np.minimum(nearest, squared.min(1, initial=np.inf))
    squared_distance: Floats = np.maximum(nearest, 0)
    return squared_distance


def _highest(score: Floats, why: Callable[[int], str]) -> Order:
    """The records of the highest scores first; ``why`` is asked with a row."""
    rows = np.argsort(-score, kind="stable")
    return Order(rows, lambda place: f"{why(int(rows[place]))}; rank {place + 1} of {len(rows)}")


def _needed(part: Floats | Bools | None, strategy: Strategy, name: str) -> Floats:
    if part is None:
        raise InvalidQuery(
            f"'{strategy.words}' needs {name} of the records: choose another strategy"
        )
    return np.asarray(part, dtype=np.float64)


def _random(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    return Order(rng.permutation(len(pool)), lambda place: "random")


def _entropy(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    score = entropy(pool.probability)
    return _highest(score, lambda row: f"entropy of the five calls {score[row]:.2f} bits")


def _margin(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    gap = pool.probability - pool.threshold
    nearest = np.abs(gap).argmin(1)

    def why(row: int) -> str:
        k = nearest[row]
        return f"{SUPERCLASSES[k]} is {abs(gap[row, k]):.3f} from its threshold"

    return _highest(-margin(pool.probability, pool.threshold), why)


def _bald(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    score = mutual_information(_needed(pool.sampled, Strategy.BALD, "sampled probabilities"))
    return _highest(score, lambda row: f"sampled opinions differ by {score[row]:.3f} bits")


def _disagreement(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    label = _needed(pool.label, Strategy.DISAGREEMENT, "published labels") > 0
    contrary = np.where(label, 1 - pool.probability, pool.probability)
    worst = contrary.argmax(1)

    def why(row: int) -> str:
        k = int(worst[row])
        published = "present" if label[row, k] else "absent"
        return (
            f"the model gives {SUPERCLASSES[k]} {pool.probability[row, k]:.2f}, "
            f"published as {published}"
        )

    return _highest(disagreement(pool.probability, label), why)


def _core_set(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    features = _needed(pool.features, Strategy.CORE_SET, "features")
    read = np.empty((0, features.shape[1])) if pool.read is None else pool.read
    rows, distance = k_centre(features, read, count)
    return Order(
        rows, lambda place: f"at a distance of {distance[place]:.2f} from all that comes before it"
    )


def _diverse(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    features = _needed(pool.features, Strategy.DIVERSE, "features")
    rows = gradient_spread(pool.probability, features, count, rng)
    bits = entropy(pool.probability)
    return Order(
        rows,
        lambda place: (
            f"entropy {bits[rows[place]]:.2f} bits, and it would teach another thing than the "
            f"{place} before it"
        ),
    )


def _balanced(pool: Pool, count: int, rng: np.random.Generator) -> Order:
    rows, classes = in_turn(pool.probability, pool.threshold, count)

    def why(place: int) -> str:
        name, row = SUPERCLASSES[classes[place]], rows[place]
        return f"{name} in turn: its probability is {pool.probability[row, classes[place]]:.2f}"

    return Order(rows, why)


PICKERS: dict[Strategy, Picker] = {
    Strategy.RANDOM: _random,
    Strategy.ENTROPY: _entropy,
    Strategy.MARGIN: _margin,
    Strategy.BALD: _bald,
    Strategy.DISAGREEMENT: _disagreement,
    Strategy.CORE_SET: _core_set,
    Strategy.DIVERSE: _diverse,
    Strategy.BALANCED: _balanced,
}


def strategies(names: Sequence[str]) -> list[Strategy]:
    """The strategies of these names; raises InvalidQuery for one that does not exist."""
    known = {str(strategy) for strategy in Strategy}
    for name in names:
        if name not in known:
            raise InvalidQuery(f"no strategy {name!r}: give some of {', '.join(sorted(known))}")
    return [Strategy(name) for name in names]  # type: ignore[call-arg]
