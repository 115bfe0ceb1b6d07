"""Boosted trees on the common beat, as layers of the network.

Trees on what a cardiologist measures, voltages, ST, T, err elsewhere than a network on the signal
does. scikit-learn grows them with hard splits; softened, they have a gradient, and are run and
explained with the rest (decision 0016).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor

from core.common_beat import common_beat, measures
from core.ecg import SUPERCLASSES, Signal
from core.errors import TrainingError
from core.labelled import LabelledSet
from core.model import BeatTrees, Network
from core.network_config import TREE_DEPTH, NetworkConfig
from core.progress import Progress

_BATCH = 64
_SOFT = 0.1  # standard deviations of a measure over which a split on it is soft
_LEAST_DEVIATION = 1e-3  # of a measure, in its unit: a silent lead's would be 0
_FEWEST = 40  # records that have a class, and that lack it, of which trees can be grown
_NEVER = 1e6  # a threshold over softness that nothing lies above


@dataclass(frozen=True)
class GrownTrees:
    """Trees as a layer, and how long they took."""

    layer: BeatTrees
    seconds: float = 0.0

    @torch.no_grad()
    def beside(self, network: Network, share: float) -> Network:
        """A network whose logits are those of both: of these trees by ``share``, in 0 to 1."""
        state = network.state_dict()
        state["head.weight"] = torch.cat(
            [(1 - share) * state["head.weight"], torch.full((len(SUPERCLASSES), 1), share)], 1
        )
        state["head.bias"] = (1 - share) * state["head.bias"]
        state |= {f"trees.{name}": part for name, part in self.layer.state_dict().items()}
        both = Network(replace(network.config, trees=self.layer.leaf.shape[-1]))
        both.load_state_dict(state)
        return both.eval()


@torch.no_grad()
def measured(signal: Signal) -> NDArray[np.float32]:
    """What is measured on the common beats of prepared records (N, 12, 1000): (N, MEASURED)."""
    parts = torch.split(torch.from_numpy(signal), _BATCH)
    found = [measures(*common_beat(part)[:2]) for part in parts]
    return np.asarray(torch.cat(found).numpy(), dtype=np.float32)


def grow(taught: LabelledSet, trees: int, seed: int, progress: Progress | None = None) -> BeatTrees:
    """Grow so many ``trees`` of every class.

    Raises TrainingError where too few records have a class or lack it.
    """
    _refuse_few(taught)
    found, boosted = measured(taught.signal), []
    with threadpool_limits(torch.get_num_threads()):
        for k in range(len(SUPERCLASSES)):
            boosted.append(boosting(trees, seed).fit(found, taught.label[:, k]))
            if progress:
                progress(k + 1, len(SUPERCLASSES))
    return softened(boosted, found.std(0))


def boosting(trees: int, seed: int) -> HistGradientBoostingClassifier:
    """What grows the trees of one class."""
    # each split among a fifth of what is measured: neighbouring samples say the same
    return HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        max_depth=TREE_DEPTH,
        max_leaf_nodes=None,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.2,
        early_stopping=False,
        random_state=seed,
    )


def softened(
    boosted: Sequence[HistGradientBoostingClassifier], deviation: NDArray[np.float32]
) -> BeatTrees:
    """The trees of each class as a layer, their splits softened by the measures' deviations.

    ``deviation`` is (MEASURED,). Measures are numbers: where missing ones would go is left out.
    """
    # scikit-learn shows its trees nowhere else: a test holds the layer against what it says
    grown = [[tree.nodes for (tree,) in trees._predictors] for trees in boosted]
    layer = BeatTrees(NetworkConfig(trees=len(grown[0]))).eval()
    softness = np.float32(_SOFT) * np.maximum(deviation, np.float32(_LEAST_DEVIATION))
    layer.softness.copy_(torch.from_numpy(softness))
    for k, trees in enumerate(grown):
        layer.bias[k] = float(np.squeeze(boosted[k]._baseline_prediction))
        for n, nodes in enumerate(trees):
            parts = (part[:, k, n] for part in (layer.measure, layer.threshold, layer.leaf))
            _copy(nodes, softness, *parts)
    return layer


def _copy(
    nodes: NDArray[np.void],
    softness: NDArray[np.float32],
    measure: Tensor,
    threshold: Tensor,
    leaf: Tensor,
) -> None:
    """Copy a grown tree into a complete one: where it ends early, all go on to the left."""
    measure.zero_()
    threshold.fill_(_NEVER)
    leaf.zero_()
    level = {0: 0}  # place among the nodes of a level -> node
    for depth in range(TREE_DEPTH):
        below, nodes_here = {}, 2**depth
        for place, at in level.items():
            node, split = nodes[at], nodes_here - 1 + place
            if node["is_leaf"]:
                below[place] = at
                continue
            measure[split] = int(node["feature_idx"])
            threshold[split] = float(node["num_threshold"] / softness[node["feature_idx"]])
            below |= {place: int(node["left"]), nodes_here + place: int(node["right"])}
        level = below
    for place, at in level.items():
        leaf[place] = float(nodes[at]["value"])


def _refuse_few(taught: LabelledSet) -> None:
    for k, name in enumerate(SUPERCLASSES):
        have = int(taught.label[:, k].sum())
        for records, word in ((have, "have"), (len(taught.label) - have, "lack")):
            if records < _FEWEST:
                raise TrainingError(
                    f"{records} records {word} {name}, trees take {_FEWEST}: "
                    "give more records, or set trees = 0"
                )
