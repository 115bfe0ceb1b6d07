"""The published TrustECG network, to be measured against and to load the weights users have.

    (B, 12, 1000) without unit ── every lead alone ──> (B, 12, 125, 128)
                               ── attention over time ──> (B, 12, 128)
                               ── attention over leads ─> (B, 128) ──> logits (B, 5)

Behaviour as published at https://github.com/Kaleemullah-Younas/TrustECG (2026), classes in the
order of SUPERCLASSES. What it lacks is left lacking: no millivolts, no names of leads, no
quality gate, no calibration.
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import butter, filtfilt
from scipy.special import expit
from torch import Tensor, nn

from core.arrays import Floats
from core.digests import sha256_of
from core.ecg import LEADS, SUPERCLASSES, Ecg, Signal, Superclass
from core.errors import CheckpointNotFound, ReferenceUnreadable, SignalInvalid, SignalTooShort
from core.predict import Opinion
from core.preprocess import BAND_HZ, MODEL_RATE, MODEL_SAMPLES, at_model_rate
from core.quality import Quality

THRESHOLD = 0.5  # of every class, as published
_CHANNELS = (1, 32, 64, 128)
_FEATURES = _CHANNELS[-1]
_DROPOUT = 0.3
_ORDER = 2
_NO_SWING = 1e-8  # added to the deviation, as published
_WRAPPERS = ("model_state_dict", "state_dict", "model")
_DEEPEST = 8  # wrappers in each other; a pickle can hold itself
_PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)  # of weights


class ReferenceNetwork(nn.Module):
    """The published network; ``forward`` takes (B, 12, 1000) float32 and gives (B, 5) logits."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(_CHANNELS, _CHANNELS[1:], strict=False)
        self.lead_encoder = nn.Sequential(*(Block(inputs, outputs) for inputs, outputs in pairs))
        self.temporal_attention = Pooling()
        self.lead_attention = Pooling()
        self.classifier = nn.Sequential(
            nn.Linear(_FEATURES, 128),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(64, len(SUPERCLASSES)),
        )

    def forward(self, signal: Tensor) -> Tensor:
        encoded = self.lead_encoder(signal.reshape(-1, 1, signal.shape[-1]))  # (B*12, 128, 125)
        leads = self.temporal_attention(encoded.transpose(1, 2))  # (B*12, 128)
        record = self.lead_attention(leads.reshape(-1, len(LEADS), _FEATURES))  # (B, 128)
        logits: Tensor = self.classifier(record)
        return logits


class Block(nn.Module):
    """Two convolutions and a short cut that halve time, (B, inputs, T) -> (B, outputs, T / 2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, outputs, 7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, 7, padding=3)
        self.bn2 = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout(_DROPOUT)
        self.skip = nn.Sequential(nn.Conv1d(inputs, outputs, 1, stride=2), nn.BatchNorm1d(outputs))

    def forward(self, wave: Tensor) -> Tensor:
        inner = self.dropout(torch.relu(self.bn1(self.conv1(wave))))
        return torch.relu(self.bn2(self.conv2(inner)) + self.skip(wave))


class Pooling(nn.Module):
    """The mean of n vectors, each weighted by what it says itself, (B, n, 128) -> (B, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            nn.Linear(_FEATURES, _FEATURES // 2), nn.Tanh(), nn.Linear(_FEATURES // 2, 1)
        )

    def forward(self, vectors: Tensor) -> Tensor:
        weight: Tensor = self.attention(vectors).softmax(1)  # (B, n, 1)
        return (vectors * weight).sum(1)


class Reference:
    """The published network with weights, from records to opinions as its own program gives them.

    ``thresholds`` is (5,). Build it with ``load`` or ``untrained``.
    """

    certified: frozenset[Superclass] = frozenset()  # it rules nothing out

    def __init__(self, network: ReferenceNetwork, name: str) -> None:
        self.network = network.eval()
        self.name = name
        self.thresholds: Floats = np.full(len(SUPERCLASSES), THRESHOLD)

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Load a .pt file of the published network; no code that it may hold is run.

        Tensors are matched by name, prefixes such as ``module.`` aside. Where the file has other
        names they are matched by place: as many tensors, with the same shapes in the same order.
        Raises CheckpointNotFound, or ReferenceUnreadable with the tensor that does not fit.
        """
        network = ReferenceNetwork()
        own = network.state_dict()
        network.load_state_dict(own | _fitted(path, _weights(_read(path)), _weights(own)))
        return cls(network, f"reference {sha256_of(path)[:8]}")

    @classmethod
    def untrained(cls, seed: int = 0) -> "Reference":
        """The same network before any training: as quick, and without a meaning."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(ReferenceNetwork(), "reference untrained")

    def prepare_all(self, ecgs: Sequence[Ecg]) -> Signal:
        """What the network sees: (records, 12, 1000) float32 with mean 0 and deviation 1 a record.

        Raises as ``core.preprocess.prepare`` does.
        """
        if not ecgs:
            return np.empty((0, len(LEADS), MODEL_SAMPLES), dtype=np.float32)
        return np.stack([prepare(ecg) for ecg in ecgs])

    def probabilities(self, prepared: Signal) -> Floats:
        """The sigmoid of the logits, (records, 5), of what ``prepare_all`` gives."""
        with torch.inference_mode():
            logits = self.network(torch.from_numpy(prepared))
        p: Floats = expit(logits.numpy().astype(np.float64))
        return p

    def predict(self, ecgs: Sequence[Ecg]) -> list[Opinion]:
        """One opinion a record, in the order given: probabilities and labels, nothing else.

        The published program has no quality gate: ``quality`` is acceptable with a score of 1
        for whatever the network can take, and refuses only what it cannot, a record that is too
        short or has samples that are not numbers. It abstains on nothing and states no
        uncertainty, and its attention is not one a class, so it is left out.
        """
        taken = [_take(ecg) for ecg in ecgs]
        signals = [signal for signal in taken if not isinstance(signal, Quality)]
        scored = iter(self.probabilities(np.stack(signals)) if signals else ())
        return [
            Opinion(quality=signal) if isinstance(signal, Quality) else self._opinion(next(scored))
            for signal in taken
        ]

    def _opinion(self, p: Floats) -> Opinion:
        present = p >= self.thresholds
        return Opinion(
            quality=Quality(acceptable=True, score=1.0),
            probabilities=p,
            labels=tuple(name for name, found in zip(SUPERCLASSES, present, strict=True) if found),
        )


def prepare(ecg: Ecg) -> Signal:
    """The (12, 1000) float32 of one record, band-passed and scaled as published.

    Published for records of 100 Hz and 10 s; others are brought to that as ours are.
    """
    signal = at_model_rate(ecg.signal.astype(np.float64), ecg.rate)[:, :MODEL_SAMPLES]
    if signal.shape[1] < MODEL_SAMPLES:
        raise SignalTooShort(f"the record lasts {ecg.duration}: the reference reads 10 s or more")
    if missing := int(np.count_nonzero(~np.isfinite(signal))):
        raise SignalInvalid(f"{missing} samples are not numbers: export the record again")
    filtered = filtfilt(*_band_pass(), signal, axis=-1)
    scaled = (filtered - filtered.mean()) / (filtered.std() + _NO_SWING)
    return np.ascontiguousarray(scaled, dtype=np.float32)


@cache
def _band_pass() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numerator, denominator = butter(_ORDER, BAND_HZ, btype="bandpass", fs=MODEL_RATE, output="ba")
    return numerator, denominator


def _take(ecg: Ecg) -> Signal | Quality:
    try:
        return prepare(ecg)
    except (SignalTooShort, SignalInvalid) as error:
        return Quality(acceptable=False, score=0.0, reasons=(str(error),))


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pt file by name, taken out of what a training program wraps them in."""
    if not path.is_file():
        raise CheckpointNotFound(f"no file {path}: give the .pt file of the published network")
    file = BytesIO(path.read_bytes())
    try:
        with warnings.catch_warnings():  # ours is the one line that is said of a file
            warnings.simplefilter("ignore")
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds on what it did not write
        raise ReferenceUnreadable(
            f"{path} is no file of weights, or needs code of its own to be run, which is "
            "refused: save it with torch.save(model.state_dict(), FILE)"
        ) from error
    content = _unwrapped(content)
    if not isinstance(content, Mapping) or not _only_tensors(content):
        raise ReferenceUnreadable(
            f"{path} holds no state dict, names with their tensors: save it with "
            "torch.save(model.state_dict(), FILE)"
        )
    return dict(content)


def _unwrapped(content: object) -> object:
    """What lies in the wrappers, in whatever order they were put around it."""
    for _ in range(_DEEPEST):
        around = [name for name in _WRAPPERS if isinstance(content, Mapping) and name in content]
        if isinstance(content, Mapping) and around:
            content = content[around[0]]
    return content


def _only_tensors(content: Mapping[object, object]) -> bool:
    return all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    )


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without the counts of batches, which nothing but training reads."""
    return {name: tensor for name, tensor in tensors.items() if not _counts_batches(name, tensor)}


def _counts_batches(name: str, tensor: Tensor) -> bool:
    unnamed = tensor.dtype == torch.int64 and tensor.layout == torch.strided and tensor.dim() == 0
    return name.endswith("num_batches_tracked") or unnamed


def _fitted(path: Path, found: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file under the names that the network has for them."""
    for theirs, tensor in found.items():
        if kind := _no_weights(tensor):
            raise ReferenceUnreadable(
                f"{path}: {theirs} is {kind}, weights are dense and of floating point: give "
                "weights of that network"
            )
    names = _by_name(found, own) or _by_place(path, found, own)
    for name, theirs in names.items():
        tensor = found[theirs]
        if tensor.shape != own[name].shape:
            raise ReferenceUnreadable(
                f"{path}: {theirs} has shape {_shape(tensor)}, {name} of the published network "
                f"has {_shape(own[name])}: give weights of that network"
            )
        if not torch.isfinite(tensor.float()).all():  # as the network will hold it
            raise ReferenceUnreadable(
                f"{path}: {theirs} holds values that are not numbers: the run that wrote it "
                "diverged, give another file"
            )
    return {name: found[theirs] for name, theirs in names.items()}


def _no_weights(tensor: Tensor) -> str | None:
    """What a tensor is that cannot be weights, in words."""
    if tensor.is_meta:
        return "a shape without values"
    if tensor.layout != torch.strided or tensor.is_nested:
        return "sparse or nested"
    return None if tensor.dtype in _PRECISIONS else str(tensor.dtype).removeprefix("torch.")


def _by_name(found: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, str] | None:
    """Own name -> name in the file, one prefix for all allowed; None where they do not match."""
    first = next(iter(own))
    prefixes = [name.removesuffix(first) for name in found if name.endswith(first)]
    if len(prefixes) != 1 or {prefixes[0] + name for name in own} != set(found):
        return None
    return {name: prefixes[0] + name for name in own}


def _by_place(path: Path, found: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, str]:
    """Own name -> the name at the same place of the file."""
    if len(found) != len(own):
        raise ReferenceUnreadable(
            f"{path} holds {len(found)} tensors, the published network has {len(own)}: "
            f"{_odd_one(found, own)}; give weights of that network"
        )
    names = dict(zip(own, found, strict=True))
    for name, theirs in names.items():
        if theirs != name and theirs in own:  # both attentions have the same shapes
            raise ReferenceUnreadable(
                f"{path}: {theirs} stands where the published network has {name}: "
                "give all tensors the published names, or keep their order"
            )
    return names


def _odd_one(found: dict[str, Tensor], own: dict[str, Tensor]) -> str:
    """The first tensor that is missing, out of place or too many, in words."""
    missing = [name for name in own if name not in found]
    if missing and len(missing) < len(own):
        return f"{missing[0]} is missing"
    for (theirs, tensor), (name, mine) in zip(found.items(), own.items(), strict=False):
        if tensor.shape != mine.shape:
            return f"{theirs} {_shape(tensor)} stands where it has {name} {_shape(mine)}"
    if len(found) > len(own):
        return f"{list(found)[len(own)]} has no place"
    return f"{list(own)[len(found)]} is missing"


def _shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"
