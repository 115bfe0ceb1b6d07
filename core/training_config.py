"""How a network is taught: the settings of a run, with the values that shipped runs start from."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import Field, TypeAdapter, ValidationError

from core.ecg import DURATION_S
from core.errors import TrainingError
from core.network_config import CHECKED, NetworkConfig, Trees

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULTS = "checkpoints/recipes/defaults.toml"  # names every setting; a test holds it to that

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0, le=1e6)]  # torch stumbles over what float32 cannot hold
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what scikit-learn takes; torch takes more
Share = Annotated[float, Field(ge=0, lt=1)]
Part = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network is taught; a TOML file with these names replaces any of them."""

    __pydantic_config__: ClassVar = CHECKED

    seed: Seed = 0
    epochs: Annotated[int, Field(ge=0)] = 20  # 0: the first weights ship as they are
    patience: Count = 8  # epochs without a better 9a before the run stops
    batch: Count = 64
    learning_rate: Positive = 2e-3  # peak of the one-cycle schedule (Smith, 2018)
    warm_up: Share = 0.2  # share of the run before the peak
    weight_decay: Part = 0.02
    average: Share = 0.998  # decay of the weight average that is evaluated and shipped
    statement_weight: NotNegative = 0.5  # of the auxiliary SCP statements in the loss
    mixup: NotNegative = 0.0  # alpha of its Beta distribution (Zhang et al., 2018); 0: none
    teacher_weight: Part = 0.7  # of what the teachers say in the target, where there are any
    trees: Trees = 0  # of each class, put beside the taught network; 0: none
    tree_share: Share = 0.45  # of what the trees say in the logits of both
    # largest circular shift in time
    shift_s: Annotated[float, Field(ge=0, le=DURATION_S)] = 1.0
    stretch: Share = 0.0  # largest relative change of speed
    amplitude: Share = 0.1  # largest relative change of gain, for all leads alike
    noise_mv: NotNegative = 0.02  # largest standard deviation of added white noise
    lead_dropout: Share = 0.15  # share of leads zeroed in half of the records
    bfloat16: bool = True  # where the processor has it: three times the speed
    network: NetworkConfig = field(default_factory=NetworkConfig)

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read a config; raises TrainingError for an unknown name or a value that cannot be."""
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise TrainingError(f"{path} is no training config ({error}): write TOML") from error
        config = cls.of(given, f"{path} sets")
        for name in ("trees", "statements"):
            if count := getattr(config.network, name):
                raise TrainingError(
                    f"{path} sets network.{name} to {count}, which the run counts itself: "
                    "leave it out"
                )
        return config

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str) -> Self:
        """The config that ``values`` describe; raises TrainingError for one that cannot be.

        ``where`` begins the message, such as ``train.toml sets``.
        """
        # as JSON: there alone a strict dataclass may be a table. A date becomes a text
        given = json.dumps(dict(values), default=str)
        try:
            return TypeAdapter(cls).validate_json(given, strict=True)
        except ValidationError as error:
            raise TrainingError(f"{where} {_wrong(error.errors()[0])}") from error


def _wrong(error: "ErrorDetails") -> str:
    """What was set, to what, and what is allowed."""
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "unexpected_keyword_argument":
        return f"{name!r}, which is no setting: {DEFAULTS} names them all"
    if error["type"] == "dataclass_type":
        return f"{name} to {error['input']!r}: write its settings below [{name}]"
    return f"{name} to {error['input']!r}: {error['msg'].lower()}"
