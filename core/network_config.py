"""The settings of the default network, and where its weights show them: all without torch."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from core.ecg import LEADS, SUPERCLASSES
from core.preprocess import TOKEN_SAMPLES

CHECKED = ConfigDict(extra="forbid", allow_inf_nan=False)  # of settings that a file gives
Shape = tuple[int, ...]
Size = Annotated[int, Field(gt=0, le=1024)]
Trees = Annotated[int, Field(ge=0, le=10_000)]  # 0: none
TREE_DEPTH = 4  # questions that a tree asks on the way to one of its 16 leaves


@dataclass(frozen=True)
class NetworkConfig:
    """What the weights cannot say about themselves."""

    __pydantic_config__: ClassVar = CHECKED

    stem: Size = 16  # channels of a lead after its first convolution
    token: Size = 32  # channels of a lead token
    width: Size = 128  # channels of the context of all leads
    blocks: Annotated[int, Field(ge=0, le=64)] = 3  # residual blocks of the context
    hidden: Size = 64  # channels in which tokens and context meet
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    smooth: bool = False  # lead tokens are blurred before every second one is dropped
    reads_context: bool = False  # a class reads the context at its times beside its tokens
    trees: Trees = 0  # boosted ones of each class on the common beat; as the run has grown them
    # shifts within a token of which a record is the mean, once taught
    phases: Annotated[int, Field(gt=0, le=TOKEN_SAMPLES)] = 1
    # SCP statements of the auxiliary head; 0: no such head
    statements: Annotated[int, Field(ge=0)] = 0

    @property
    def shown(self) -> dict[str, Shape | None]:
        """The shapes of the weights in which every size above can be seen; None: not there."""
        classes, features = len(SUPERCLASSES), self.hidden + self.width * self.reads_context
        block = "context.blocks.{}.body.3.weight".format
        return {
            "leads.gain": (len(LEADS), self.stem, 1),
            "head.of_token.weight": (self.hidden, self.token),
            "head.gate.weight": (self.hidden, self.width),
            "head.weight": (classes, features + bool(self.trees)),
            **{block(number): (self.width,) for number in range(self.blocks)},
            block(self.blocks): None,
            "trees.bias": (classes,) if self.trees else None,
            "trees.leaf": (2**TREE_DEPTH, classes, self.trees) if self.trees else None,
            "statements.weight": (self.statements, self.width) if self.statements else None,
        }
