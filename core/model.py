"""The default network: a lead-wise encoder, leads that talk, and attention per class.

It keeps what makes the published network explainable (every lead is encoded alone, attention
over time and over leads) and mends what blinds it: leads have identity, amplitude in millivolts
comes in, leads exchange information before pooling, and every class attends for itself.

    (B, 12, 1000) mV ── every lead alone ──> tokens (B, 12, 32, 125), one each 80 ms
                     ── all leads at once ─> context (B, 128, 63)
                     ── mean of the beats ─> boosted trees: voltages, ST, T (B, 5)
    tokens x context ── attention of class c over 12 x 125 tokens ──> vector
                            vector, and what the trees say of c ──> logit of c
"""

import copy
from dataclasses import asdict
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, conv1d, pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.common_beat import MEASURED, common_beat, measures
from core.ecg import LEADS, SUPERCLASSES
from core.network_config import TREE_DEPTH, NetworkConfig
from core.preprocess import TOKEN_SAMPLES


class Output(NamedTuple):
    """What the network says of a batch."""

    logits: Tensor  # (B, 5)
    attention: Tensor  # (B, 5, 12, 125), sums to 1 over leads and time for each class
    features: Tensor  # (B, 5, F), of which the logit of each class is a linear function
    statements: Tensor | None  # (B, statements) logits of the auxiliary head


class Network(nn.Module):
    """The default network; ``forward`` takes (B, 12, 1000) float32 in mV."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or NetworkConfig()
        self.leads = LeadEncoder(self.config)
        self.context = Context(self.config)
        self.trees = BeatTrees(self.config) if self.config.trees else None
        self.head = ClassAttention(self.config)
        self.statements = (
            nn.Linear(self.config.width, self.config.statements) if self.config.statements else None
        )

    def forward(self, signal: Tensor, said: Tensor | None = None) -> Output:
        """Read the records; once taught, as the mean of several shifts within a token.

        What is found must not hang on where in a stride a beat falls. ``said`` (B, 5) stands in
        for what the trees would say.
        """
        if said is None and self.trees:
            said = self.trees(signal)
        if self.training or self.config.phases == 1:
            return self._read(signal, said)
        phases = self.config.phases
        shifted = [signal.roll(TOKEN_SAMPLES * k // phases, -1) for k in range(phases)]
        # the common beat is the same wherever a record begins
        again = said if said is None else said.repeat(phases, 1)
        read = self._read(torch.cat(shifted), again)

        def mean(part: Tensor) -> Tensor:
            return part.reshape(phases, signal.shape[0], *part.shape[1:]).mean(0)

        statements = read.statements if read.statements is None else mean(read.statements)
        return Output(mean(read.logits), mean(read.attention), mean(read.features), statements)

    def _read(self, signal: Tensor, said: Tensor | None) -> Output:
        tokens = self.leads(signal)  # (B, 12, C, 125)
        context = self.context(tokens)  # (B, D, 63)
        logits, attention, features = self.head(tokens, context, said)
        statements = self.statements(context.mean(-1)) if self.statements else None
        return Output(logits, attention, features, statements)

    def describe(self) -> dict[str, object]:
        """Config and size, for the model card."""
        size = sum(parameter.numel() for parameter in self.parameters())
        if self.trees:
            size += self.trees.threshold.numel() + self.trees.leaf.numel()
        return {"name": "lead-token", "parameters": size, **asdict(self.config)}


def folded(network: Network) -> Network:
    """A copy with every normalisation folded into its convolution, whose weights are frozen.

    It says the same, to rounding: attributions differ by 2e-5 of the largest. Two passes of SHAP
    take 1.5 s in place of 2.0, integrated gradients 0.19 in place of 0.24.
    """
    copied = copy.deepcopy(network).eval().requires_grad_(False)
    for layers in [part for part in copied.modules() if isinstance(part, nn.Sequential)]:
        for at, (first, second) in enumerate(pairwise(layers)):
            if isinstance(first, nn.Conv1d) and isinstance(second, nn.BatchNorm1d):
                layers[at], layers[at + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return copied


class OneLogit(nn.Module):
    """The logit of one class alone, (B, 1), for methods that take a network of one output.

    The trees are left out: their share has a way of its own (``core.explain.beat_trees``).
    """

    def __init__(self, network: Network, column: int) -> None:
        super().__init__()
        self.network = network
        self.column = column

    def forward(self, signal: Tensor) -> Tensor:
        silent = signal.new_zeros(len(signal), len(SUPERCLASSES)) if self.network.trees else None
        logits: Tensor = self.network(signal, silent).logits
        return logits[:, self.column : self.column + 1]


class SummedLogit(OneLogit):
    """The sum over a bundle of signals, (B, N, 12, 1000), whose gradients keep apart: (B, 1).

    It is there for its gradients. Where none are wanted only its shape is looked at, and the
    value is 0: the network is not asked.
    """

    def forward(self, bundle: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return bundle.new_zeros(len(bundle), 1)
        return super().forward(bundle.flatten(0, 1)).reshape(len(bundle), -1, 1).sum(1)


class LeadEncoder(nn.Module):
    """Every lead alone through the same convolutions, with a gain and offset of its own.

    The gain and offset give a lead its identity: the same wave means another thing in aVR.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = _conv(1, config.stem, kernel=15, stride=2)
        self.gain = nn.Parameter(torch.ones(len(LEADS), config.stem, 1))
        self.offset = nn.Parameter(torch.zeros(len(LEADS), config.stem, 1))
        self.rest = nn.Sequential(
            _conv(config.stem, config.token, kernel=7, stride=2),
            _conv(config.token, config.token, kernel=5, stride=1 if config.smooth else 2),
            *([Blur()] if config.smooth else ()),
        )

    def forward(self, signal: Tensor) -> Tensor:
        batch, leads, samples = signal.shape
        wave = self.stem(signal.reshape(batch * leads, 1, samples))  # (B*12, S, 500)
        wave = wave.reshape(batch, leads, *wave.shape[1:])
        # in the type of the wave: in bfloat16, mixed types cost a tenth of the training time
        wave = wave * self.gain.to(wave.dtype) + self.offset.to(wave.dtype)
        tokens: Tensor = self.rest(wave.flatten(0, 1))  # (B*12, C, 125)
        return tokens.reshape(batch, leads, *tokens.shape[1:])


class Context(nn.Module):
    """All leads at once: residual convolutions over time, each 160 ms."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.join = _conv(len(LEADS) * config.token, config.width, kernel=1)
        self.shrink = _conv(config.width, config.width, kernel=5, stride=2)
        self.blocks = nn.Sequential(
            *(Residual(config.width, config.dropout) for _ in range(config.blocks))
        )

    def forward(self, tokens: Tensor) -> Tensor:
        joined = self.join(tokens.flatten(1, 2))  # (B, D, 125)
        context: Tensor = self.blocks(self.shrink(joined))  # (B, D, 63)
        return context


class Residual(nn.Module):
    """Two convolutions and a short cut, (B, D, T) -> (B, D, T)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(width, width, kernel=5),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, 5, padding=2, bias=False),
            nn.BatchNorm1d(width),
        )
        self.relu = nn.ReLU()

    def forward(self, wave: Tensor) -> Tensor:
        out: Tensor = self.relu(wave + self.body(wave))
        return out


class BeatTrees(nn.Module):
    """Boosted trees on the common beat, (B, 12, 1000) -> (B, 5) logits, whose splits are soft.

    They measure what tokens of 80 ms are too coarse for. ``core.trees`` grows them, and they stay
    as they were grown; until then they are drawn at random, as any layer is. A beat at a split goes
    half to either side: a hard split would turn on a microvolt, with no gradient (decision 0016).
    """

    softness: Tensor  # (MEASURED,) over which a split of each measure goes from left to right
    measure: Tensor  # (15, 5, N) what each split looks at: the root, then level by level
    threshold: Tensor  # (15, 5, N) over softness; what lies below it goes to the left
    leaf: Tensor  # (16, 5, N) logits
    bias: Tensor  # (5,) logits of a class before any tree

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        splits, each = 2**TREE_DEPTH - 1, (len(SUPERCLASSES), config.trees)
        self.register_buffer("softness", torch.ones(MEASURED))
        drawn = torch.randint(MEASURED, (splits, *each), dtype=torch.int32)
        self.register_buffer("measure", drawn)
        self.register_buffer("threshold", torch.randn(splits, *each))
        self.register_buffer("leaf", 0.1 * torch.randn(splits + 1, *each))
        self.register_buffer("bias", torch.zeros(len(SUPERCLASSES)))

    def forward(self, signal: Tensor) -> Tensor:
        beat, rhythm, *_ = common_beat(signal)
        return self.of_beat(beat, rhythm)

    def of_beat(self, beat: Tensor, rhythm: Tensor, of: slice = slice(None)) -> Tensor:
        """The same of common beats (B, 12, 75) in mV and their rhythm (B, 2) in s: (B, 5).

        ``of`` some classes only, where no more are wanted.
        """
        measured, measure = measures(beat, rhythm) / self.softness, self.measure[:, of]
        asked = measured.index_select(1, measure.flatten()).reshape(-1, *measure.shape)
        left = torch.sigmoid(self.threshold[:, of] - asked)  # (B, 15, 5, N)
        share = torch.ones_like(left[:, :1])  # of the beat, at each node of a level
        for level in range(TREE_DEPTH):
            to_left = share * left[:, 2**level - 1 : 2 ** (level + 1) - 1]
            share = torch.cat([to_left, share - to_left], 1)  # all that went left come first
        said: Tensor = (share * self.leaf[:, of]).sum(1).sum(-1) + self.bias[of]
        return said


class ClassAttention(nn.Module):
    """Every class pools the tokens for itself: one softmax over leads and time.

    Its sum over time is the lead attention, its sum over leads the temporal attention. The
    context of all leads gates the tokens and is not added to them: added, it is the same in
    every lead, and lead attention came out uniform (entropy 99.98 % of the possible).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.of_token = nn.Linear(config.token, config.hidden)
        self.of_lead = nn.Parameter(torch.zeros(len(LEADS), 1, config.hidden))
        self.gate = nn.Linear(config.width, config.hidden)
        self.score = nn.Linear(config.hidden, len(SUPERCLASSES), bias=False)
        self.dropout = nn.Dropout(config.dropout)
        self.reads_context = config.reads_context
        width = config.hidden + config.width * config.reads_context + bool(config.trees)
        self.weight = nn.Parameter(torch.randn(len(SUPERCLASSES), width) * 0.05)
        self.bias = nn.Parameter(torch.zeros(len(SUPERCLASSES)))

    def forward(
        self, tokens: Tensor, context: Tensor, said: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        time = tokens.shape[-1]
        gate = 2 * torch.sigmoid(self.gate(context.transpose(1, 2)))  # (B, 63, H)
        gate = gate.repeat_interleave(2, dim=1)[:, None, :time]  # (B, 1, 125, H)
        found = torch.relu(self.of_token(tokens.transpose(2, 3)) + self.of_lead.to(tokens.dtype))
        values = (found * gate).flatten(1, 2)  # (B, 1500, H)
        attention = self.score(values).float().softmax(1).transpose(1, 2)  # (B, 5, 1500)
        features = attention.to(values.dtype) @ values  # (B, 5, H)
        attention = attention.reshape(-1, len(SUPERCLASSES), len(LEADS), time)
        if self.reads_context:
            features = torch.cat([features, _attended(context, attention)], -1)  # (B, 5, H + D)
        features = self.dropout(features)
        if said is not None:  # by the trees
            features = torch.cat([features.float(), said[..., None]], -1)  # ... + 1
        logits = (features * self.weight).sum(-1) + self.bias  # (B, 5)
        return logits.float(), attention, features.float()


def _attended(context: Tensor, attention: Tensor) -> Tensor:
    """The context (B, D, 63) at the times that each class attends to: (B, 5, D)."""
    when = avg_pool1d(attention.sum(2), 2, ceil_mode=True, count_include_pad=False)  # (B, 5, 63)
    when = when / when.sum(-1, keepdim=True)
    return when.to(context.dtype) @ context.transpose(1, 2)


class Blur(nn.Module):
    """Weights 1 2 1 over time, then every second step: (B, C, T) -> (B, C, (T + 1) // 2).

    Without it a heart 40 ms later was another finding: a stride alone aliases (Zhang, "Making
    convolutional networks shift-invariant again", ICML 2019). As one convolution of each channel,
    not as two poolings: a gradient of 16 records took 7.3 ms a record in place of 10.8.
    """

    def forward(self, wave: Tensor) -> Tensor:
        channels, samples = wave.shape[1:]
        weights = wave.new_tensor((0.25, 0.5, 0.25)).expand(channels, 1, 3)
        padded = pad(wave, (1, samples % 2), mode="replicate")
        return conv1d(padded, weights, stride=2, groups=channels)


def _conv(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(),
    )
