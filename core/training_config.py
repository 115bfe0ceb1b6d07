"""How a network is taught: the settings of a run, with the values that shipped runs start from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import TrainingError
from core.network_config import NetworkConfig

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Share = Annotated[float, Field(ge=0, lt=1)]
Part = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network is taught; a TOML file with these names replaces any of them."""

    seed: Seed = 0
    epochs: Annotated[int, Field(ge=0)] = 20  # 0: the first weights ship as they are
    patience: Count = 8  # epochs without a better 9a before the run stops
    batch: Count = 64
    learning_rate: Positive = 2e-3  # peak of the one-cycle schedule (Smith, 2018)
    warm_up: Share = 0.2  # share of the run before the peak
    weight_decay: float = 0.02
    average: float = 0.998  # decay of the weight average that is evaluated and shipped
    statement_weight: float = 0.5  # of the auxiliary SCP statements in the loss
    mixup: NotNegative = 0.0  # alpha of its Beta distribution (Zhang et al., 2018); 0: none
    teacher_weight: Part = 0.7  # of what the teachers say in the target, where there are any
    trees: Annotated[int, Field(ge=0)] = 0  # of each class, put beside the taught network; 0: none
    tree_share: Share = 0.45  # of what the trees say in the logits of both
    shift_s: float = 1.0  # largest circular shift in time
    stretch: Share = 0.0  # largest relative change of speed
    amplitude: float = 0.1  # largest relative change of gain, for all leads alike
    noise_mv: float = 0.02  # largest standard deviation of added white noise
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
        network = given.pop("network", {})
        known = {f.name for f in fields(cls)}, {f.name for f in fields(NetworkConfig)}
        for name in [*(set(given) - known[0]), *(set(network) - known[1])]:
            raise TrainingError(f"{path} sets {name!r}, which is no setting: see TrainingConfig")
        return cls.of({**given, "network": network}, f"{path} sets")

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str) -> Self:
        """The config that ``values`` describe; raises TrainingError for one that cannot be.

        ``where`` begins the message, such as ``train.toml sets``.
        """
        try:
            return TypeAdapter(cls).validate_python(dict(values))
        except ValidationError as error:
            wrong = error.errors()[0]
            name = ".".join(map(str, wrong["loc"]))
            raise TrainingError(
                f"{where} {name} to {wrong['input']!r}: {wrong['msg'].lower()}"
            ) from error
