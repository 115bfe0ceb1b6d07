"""The settings of the default network, and where its weights show them: all without torch."""

from dataclasses import dataclass

from core.ecg import LEADS, SUPERCLASSES

Shape = tuple[int, ...]
TREE_DEPTH = 4  # questions that a tree asks on the way to one of its 16 leaves


@dataclass(frozen=True)
class NetworkConfig:
    """What the weights cannot say about themselves."""

    stem: int = 16  # channels of a lead after its first convolution
    token: int = 32  # channels of a lead token
    width: int = 128  # channels of the context of all leads
    blocks: int = 3  # residual blocks of the context
    hidden: int = 64  # channels in which tokens and context meet
    dropout: float = 0.2
    smooth: bool = False  # lead tokens are blurred before every second one is dropped
    reads_context: bool = False  # a class reads the context at its times beside its tokens
    trees: int = 0  # boosted trees of each class on the common beat; as the run has grown them
    phases: int = 1  # shifts within a token of which a record is the mean, once taught
    statements: int = 0  # SCP statements of the auxiliary head; 0: no such head

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
