"""A checkpoint: weights as safetensors and a card that says where they come from.

Neither is served when it is not what was written together: the card holds the digest of the
weights and one of itself. Reading the card needs no torch.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.calibration import Platt
from core.digests import sha256_of
from core.ecg import SUPERCLASSES, Superclass
from core.errors import CheckpointAltered, CheckpointNotFound, CheckpointOutdated
from core.network_config import NetworkConfig, Shape

if TYPE_CHECKING:
    from core.model import Network

WEIGHTS = "weights.safetensors"
CARD = "card.json"
_NO_SETTINGS = {"name", "parameters"}  # of a card's network: they only describe it


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataCard(_Part):
    """What the weights were taught on."""

    digest: str  # sha256 of ids, labels and samples
    simulated: bool
    folds: tuple[int, ...]
    records: int
    patients: int


class ClassCard(_Part):
    """How one class is decided, all from 9a, and how often it is missed, counted on 9b."""

    slope: float
    offset: float
    threshold: float  # present at or above it
    rule_out: float | None  # absent below it with a certified miss rate; None: not certified
    missed: int  # records of 9b that have the class and are not called: below the threshold
    positives: int  # records of 9b that have the class
    missed_low: float  # 95 % interval of the rate
    missed_high: float


def _complete(classes: dict[Superclass, ClassCard]) -> dict[Superclass, ClassCard]:
    if missing := [name for name in SUPERCLASSES if name not in classes]:
        raise ValueError(f"{', '.join(missing)} is missing")
    return classes


class AttentionCheck(_Part):
    """How attention relates to what moves the output, measured on records of 9b."""

    records: int
    spearman: float  # median over records and classes of lead attention against lead occlusion
    entropy: float  # median entropy of lead attention, as a share of the uniform one


class OcclusionCheck(_Part):
    """What a zeroed lead does to records of 9b that carry no call but NORM."""

    trials: int
    new_calls: int  # trials in which a class other than NORM is called anew


class Card(_Part):
    """Everything that must be known about a checkpoint before it is believed."""

    version: str
    created: str  # ISO 8601, UTC
    network: dict[str, Any]  # its settings, name and size
    data: DataCard
    seed: int
    training: dict[str, Any]  # config, epochs run, seconds, threads
    classes: Annotated[dict[Superclass, ClassCard], AfterValidator(_complete)]
    miss_rate: float  # that ``rule_out`` certifies
    confidence: float  # with which it does
    # of ``core.evaluation`` by role: 9, 9a, 9b. On labelled records that can be read, past no
    # quality gate: how many it would refuse is for 'trustecg evaluate' to say
    metrics: dict[str, Any]
    attention_check: AttentionCheck
    occlusion_check: OcclusionCheck
    software: dict[str, str]
    weights_sha256: str
    digest: str = ""  # of the card itself, without this line

    @property
    def thresholds(self) -> dict[Superclass, float]:
        """The probability from which each class is called present."""
        return {name: self.classes[name].threshold for name in SUPERCLASSES}

    @property
    def platt(self) -> Platt:
        """The calibration of the five logits."""
        classes = [self.classes[name] for name in SUPERCLASSES]
        return Platt(np.array([c.slope for c in classes]), np.array([c.offset for c in classes]))

    def sealed(self) -> "Card":
        """The same card with its own digest written in."""
        return self.model_copy(update={"digest": self._digest()})

    @property
    def intact(self) -> bool:
        """Whether the card still says what it said when it was sealed."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"digest"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A network in evaluation mode and the card that belongs to it."""

    card: Card
    network: "Network"


def read_card(path: Path) -> Card:
    """Read and verify the card of the checkpoint in ``path``, weights included, without torch.

    Raises CheckpointNotFound or CheckpointAltered.
    """
    for name in (CARD, WEIGHTS):
        if not (path / name).is_file():
            raise CheckpointNotFound(
                f"no {name} in {path}: restore the folder, or train one with 'trustecg train'"
            )
    try:
        card = Card.model_validate_json((path / CARD).read_bytes())
    except ValidationError as error:
        raise CheckpointAltered(
            f"{path / CARD} does not parse as a card ({_first(error)}): restore it"
        ) from error
    if not card.intact:
        raise CheckpointAltered(f"{path / CARD} was changed after it was written: restore it")
    found = sha256_of(path / WEIGHTS)
    if found != card.weights_sha256:
        raise CheckpointAltered(
            f"{path / WEIGHTS} has digest {found[:12]}, its card says "
            f"{card.weights_sha256[:12]}: restore the file that belongs to the card"
        )
    return card


def _first(error: ValidationError) -> str:
    wrong = error.errors()[0]
    return ": ".join(filter(None, [".".join(map(str, wrong["loc"])), wrong["msg"]]))


def network_config(path: Path, card: Card) -> NetworkConfig:
    """The settings of the network whose weights lie in ``path``, held against them, without torch.

    Raises CheckpointOutdated for a setting or value that this version does not know, and for a
    size that the weights do not have: no version may be served that no job can load. Raises
    CheckpointAltered where the weights are none.
    """
    given = {name: value for name, value in card.network.items() if name not in _NO_SETTINGS}
    for name in given:
        if name not in NetworkConfig.__dataclass_fields__:
            raise _outdated(path, card, f"it sets {name!r}, which is unknown here")
    try:
        config = TypeAdapter(NetworkConfig).validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = ".".join(map(str, wrong["loc"]))
        raise _outdated(path, card, f"it sets {name} to {wrong['input']!r}") from error
    found = _shapes(path / WEIGHTS)
    for name, shape in config.shown.items():
        if found.get(name) != shape:
            raise _outdated(path, card, f"{name} is {found.get(name)}, its card says {shape}")
    return config


def _shapes(path: Path) -> dict[str, Shape]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointAltered(f"{path} holds no weights ({error}): restore it") from error


def _outdated(path: Path, card: Card, why: str) -> CheckpointOutdated:
    return CheckpointOutdated(
        f"{path} holds {card.version}, which was written for another version of the network "
        f"({why}): install that version, or train anew with 'trustecg train'"
    )


def load(path: Path) -> Checkpoint:
    """Load the checkpoint in ``path`` for inference.

    Raises as ``read_card`` and ``network_config`` do.
    """
    from safetensors.torch import load_file

    from core.model import Network

    card = read_card(path)
    network = Network(network_config(path, card))
    try:
        network.load_state_dict(load_file(path / WEIGHTS))
    except RuntimeError as error:  # names or shapes that this network does not have
        raise _outdated(path, card, "its weights have other names or shapes") from error
    return Checkpoint(card, network.eval())


def save_weights(path: Path, network: "Network") -> str:
    """Write the weights into ``path`` and return their sha256."""
    from safetensors.torch import save

    path.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    (path / WEIGHTS).write_bytes(save(state))  # save_file lets nobody else read it, umask or not
    return sha256_of(path / WEIGHTS)


def save_card(path: Path, card: Card) -> Card:
    """Seal the card, write it beside its weights, and return it."""
    sealed = card.sealed()
    (path / CARD).write_text(sealed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return sealed
