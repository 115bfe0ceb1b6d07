import pickle
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.signal import butter, filtfilt

from core.ecg import SUPERCLASSES, Ecg
from core.errors import CheckpointNotFound, ReferenceUnreadable, SignalInvalid, SignalTooShort
from core.reference import Reference
from tests.factories_ecg import changed
from tests.factories_ecg import ecg as an_ecg

SHORT = Ecg(signal=an_ecg().signal[:, :300], rate=100)


@pytest.fixture(scope="module")
def reference():
    return taught(Reference.untrained(seed=1))


@pytest.fixture
def state(reference):
    return reference.network.state_dict()


def taught(reference):
    """Statistics as training leaves them, so that no normalisation is the identity."""
    torch.manual_seed(2)
    for name, buffer in reference.network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.2)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return reference


def write(path, content):
    torch.save(content, path)
    return path


def published(state, signal):
    """The logits of one (12, 1000) record written out layer by layer."""
    leads = [pooled(state, "temporal_attention", encoded(state, lead)) for lead in signal]
    vector = pooled(state, "lead_attention", torch.stack(leads))
    for layer in (0, 3, 6):
        vector = F.linear(
            vector, state[f"classifier.{layer}.weight"], state[f"classifier.{layer}.bias"]
        )
        vector = vector if layer == 6 else vector.relu()
    return vector


def encoded(state, lead):
    wave = lead[None, None]
    for block in range(3):

        def conv(name, wave, stride, padding, place=f"lead_encoder.{block}"):
            weight, bias = (state[f"{place}.{name}.{part}"] for part in ("weight", "bias"))
            return F.conv1d(wave, weight, bias, stride, padding)

        def norm(name, wave, place=f"lead_encoder.{block}"):
            parts = ("running_mean", "running_var", "weight", "bias")
            return F.batch_norm(wave, *(state[f"{place}.{name}.{part}"] for part in parts))

        inner = norm("bn1", conv("conv1", wave, 2, 3)).relu()
        inner = norm("bn2", conv("conv2", inner, 1, 3))
        wave = (inner + norm("skip.1", conv("skip.0", wave, 2, 0))).relu()
    return wave[0].T


def pooled(state, name, vectors):
    first, second = (
        (state[f"{name}.attention.{layer}.weight"], state[f"{name}.attention.{layer}.bias"])
        for layer in (0, 2)
    )
    weight = F.linear(F.linear(vectors, *first).tanh(), *second).softmax(0)
    return (vectors * weight).sum(0)


def test_is_the_published_network(reference, state):
    assert sum(p.numel() for p in reference.network.parameters()) == 276_455
    signal = torch.randn(3, 12, 1000)
    with torch.inference_mode():
        logits = reference.network(signal)
    expected = torch.stack([published(state, record) for record in signal])
    assert torch.allclose(logits, expected, atol=1e-5)


def test_prepares_as_published():
    """Each lead alone by filtfilt in the b, a form; one mean and one deviation a record."""
    ecg = an_ecg()
    b, a = butter(N=2, Wn=[0.5 / 50, 40 / 50], btype="band")
    filtered = np.array([filtfilt(b, a, lead) for lead in ecg.signal])
    expected = (filtered - filtered.mean()) / (filtered.std() + 1e-8)
    prepared = Reference.untrained().prepare_all([ecg, an_ecg(seed=2)])
    assert prepared.dtype == np.float32
    assert prepared.shape == (2, 12, 1000)
    assert prepared[0] == pytest.approx(expected, abs=1e-5)


def test_a_flat_record_stays_finite(reference):
    flat = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    assert not reference.prepare_all([flat]).any()
    assert np.isfinite(reference.predict([flat])[0].probabilities).all()


def test_takes_records_of_another_rate_and_the_first_ten_seconds(reference):
    assert reference.prepare_all([an_ecg(rate=500)]).shape == (1, 12, 1000)
    assert reference.prepare_all([]).shape == (0, 12, 1000)


def test_refuses_to_prepare_what_it_cannot_take(reference):
    with pytest.raises(SignalTooShort) as error:
        reference.prepare_all([SHORT])
    assert str(error.value) == "the record lasts 3.00 s: the reference reads 10 s or more"
    with pytest.raises(SignalInvalid) as error:
        reference.prepare_all([changed(an_ecg(), V5=np.nan)])
    assert str(error.value) == "1000 samples are not numbers: export the record again"


@pytest.mark.parametrize("place", range(5))
def test_classes_come_in_the_published_order(place, state):
    reference = Reference.untrained()
    reference.network.load_state_dict(state)
    bias = torch.full((5,), -20.0)
    bias[place] = 20
    reference.network.classifier[6].bias.data = bias
    opinion = reference.predict([an_ecg()])[0]
    assert opinion.labels == (("NORM", "MI", "STTC", "CD", "HYP")[place],)
    assert opinion.probabilities[place] > 0.99


def test_an_opinion_is_the_sigmoid_of_the_logits_and_nothing_more(reference):
    ecgs = [an_ecg(seed=1), an_ecg(seed=2)]
    opinions = reference.predict(ecgs)
    with torch.inference_mode():
        expected = reference.network(torch.from_numpy(reference.prepare_all(ecgs))).sigmoid()
    assert np.array([o.probabilities for o in opinions]) == pytest.approx(expected.numpy())
    for opinion in opinions:
        assert (opinion.abstained, opinion.uncertainty, opinion.attention) == ((), None, None)
        assert (opinion.quality.acceptable, opinion.quality.score) == (True, 1.0)
        assert opinion.labels == tuple(
            name for name, p in zip(SUPERCLASSES, opinion.probabilities, strict=True) if p >= 0.5
        )


def test_what_it_cannot_take_is_refused_and_the_others_go_on(reference):
    short, read = reference.predict([SHORT, an_ecg()])
    assert not short.quality.acceptable
    assert short.quality.reasons == ("the record lasts 3.00 s: the reference reads 10 s or more",)
    assert short.probabilities is None
    assert read.probabilities is not None
    assert reference.predict([]) == []


def test_untrained_depends_on_its_seed_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, same, other = (Reference.untrained(seed) for seed in (1, 1, 2))
    weights = [r.network.classifier[0].weight for r in (first, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), before)
    assert first.name == "reference untrained"


def shuffled(state):
    return dict(reversed(state.items()))


def uncounted(state):
    return {k: part for k, part in state.items() if not k.endswith("num_batches_tracked")}


def renamed(state):
    return {f"layer{n}": tensor for n, tensor in enumerate(state.values())}


@pytest.mark.parametrize(
    "wrapped",
    [
        dict,
        shuffled,
        renamed,
        lambda state: OrderedDict((f"module.{k}", v) for k, v in shuffled(state).items()),
        lambda state: {"epoch": 3, "model_state_dict": state, "best": 0.92},
        lambda state: {"state_dict": {f"net.{k}": v for k, v in state.items()}},
        lambda state: {"epoch": 3, "model": {"state_dict": state}},
        lambda state: {"state_dict": {"model": {"model_state_dict": renamed(state)}}},
        lambda state: uncounted(state),
        lambda state: renamed(uncounted(state)),
        lambda state: {name: tensor.double() for name, tensor in state.items()},
    ],
    ids=[
        "plain", "another order", "other names", "data parallel", "training state", "lightning",
        "two wrappers", "three wrappers", "no counts", "no counts or names", "float64",
    ],
)  # fmt: skip
def test_loads_weights_however_they_were_kept(wrapped, reference, state, tmp_path):
    loaded = Reference.load(write(tmp_path / "weights.pt", wrapped(state)))
    assert loaded.predict([an_ecg()])[0].probabilities == pytest.approx(
        reference.predict([an_ecg()])[0].probabilities
    )
    assert not loaded.network.training


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_weights_may_be_of_half_precision(precision, reference, state, tmp_path):
    path = write(
        tmp_path / "weights.pt", {name: part.to(precision) for name, part in state.items()}
    )
    assert Reference.load(path).predict([an_ecg()])[0].probabilities == pytest.approx(
        reference.predict([an_ecg()])[0].probabilities, abs=0.02
    )


def test_its_name_tells_one_file_from_another(state, tmp_path):
    first = Reference.load(write(tmp_path / "a.pt", state))
    state["classifier.6.bias"] = state["classifier.6.bias"] + 1
    second = Reference.load(write(tmp_path / "b.pt", state))
    assert first.name != second.name
    assert first.name.startswith("reference ")
    assert len(first.name) == len("reference ") + 8
    assert list(first.thresholds) == [0.5] * 5


def with_tensor(state, name, tensor):
    return state | {name: tensor}


def without(state, *names):
    return {name: tensor for name, tensor in state.items() if name not in names}


def compressed(bias):
    with warnings.catch_warnings():  # torch calls it a beta, here and where it is loaded
        warnings.simplefilter("ignore")
        return bias[None].to_sparse_csr()


def holding_itself():
    around = {}
    around["model"] = around
    return around


def attentions_swapped(state):
    swap = {"temporal_attention": "lead_attention", "lead_attention": "temporal_attention"}
    named = {}
    for name, tensor in state.items():
        head, _, rest = name.partition(".")
        named[f"{swap.get(head, head)}.{rest}"] = tensor
    named["classifier.last.bias"] = named.pop("classifier.6.bias")
    return named


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            lambda s: with_tensor(dict(s), "classifier.6.bias", torch.zeros(71)),
            ": classifier.6.bias has shape (71), classifier.6.bias of the published network has "
            "(5): give weights of that network",
        ),
        (
            lambda s: with_tensor(renamed(s), "layer0", torch.zeros(32, 12, 7)),
            ": layer0 has shape (32, 12, 7), lead_encoder.0.conv1.weight of the published "
            "network has (32, 1, 7): give weights of that network",
        ),
        (
            lambda s: without(s, "lead_encoder.0.conv1.bias"),
            " holds 67 tensors, the published network has 68: lead_encoder.0.conv1.bias is "
            "missing; give weights of that network",
        ),
        (
            lambda s: {"a": torch.zeros(2, 3)},
            " holds 1 tensors, the published network has 68: a (2, 3) stands where it has "
            "lead_encoder.0.conv1.weight (32, 1, 7); give weights of that network",
        ),
        (
            lambda s: dict(s) | {"extra": torch.zeros(1)},
            " holds 69 tensors, the published network has 68: extra has no place; "
            "give weights of that network",
        ),
        (
            lambda s: {},
            " holds 0 tensors, the published network has 68: lead_encoder.0.conv1.weight is "
            "missing; give weights of that network",
        ),
        (
            attentions_swapped,
            ": lead_attention.attention.0.weight stands where the published network has "
            "temporal_attention.attention.0.weight: give all tensors the published names, or "
            "keep their order",
        ),
        (
            lambda s: with_tensor(dict(s), "classifier.6.bias", torch.full((5,), torch.nan)),
            ": classifier.6.bias holds values that are not numbers: the run that wrote it "
            "diverged, give another file",
        ),
        *(
            (
                lambda s, change=change: with_tensor(
                    dict(s), "classifier.6.bias", change(torch.ones(5))
                ),
                f": classifier.6.bias is {kind}, weights are dense and of floating point: "
                "give weights of that network",
            )
            for change, kind in [
                (lambda bias: bias.to_sparse(), "sparse or nested"),
                (compressed, "sparse or nested"),
                (lambda bias: bias.to("meta"), "a shape without values"),
                (lambda bias: bias.to(torch.complex64), "complex64"),
                (lambda bias: bias.to(torch.int32), "int32"),
                (lambda bias: bias > 0, "bool"),
            ]
        ),
        (
            lambda s: with_tensor(
                dict(s), "classifier.6.bias", torch.full((5,), 1e300, dtype=torch.float64)
            ),
            ": classifier.6.bias holds values that are not numbers: the run that wrote it "
            "diverged, give another file",
        ),
        (
            lambda s: holding_itself(),
            " holds no state dict, names with their tensors: save it with "
            "torch.save(model.state_dict(), FILE)",
        ),
        (
            lambda s: [1, 2],
            " holds no state dict, names with their tensors: save it with "
            "torch.save(model.state_dict(), FILE)",
        ),
        (
            lambda s: {"optimizer": {"lr": 0.1}},
            " holds no state dict, names with their tensors: save it with "
            "torch.save(model.state_dict(), FILE)",
        ),
    ],
    ids=[
        "a shape by name", "a shape by place", "one missing", "another network", "one too many",
        "nothing", "parts exchanged", "not numbers", "sparse", "compressed",
        "without values", "complex", "whole numbers", "truth values",
        "beyond float32", "itself", "a list", "an optimizer",
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused_by_tensor(content, message, state, tmp_path):
    path = write(tmp_path / "weights.pt", content(state))
    with pytest.raises(ReferenceUnreadable) as error:
        Reference.load(path)
    assert str(error.value) == f"{path}{message}"


class Trap:
    """What a pickle of foreign origin may do when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"ecg_id,patient_id\n", b"\x80"])
def test_a_file_that_is_no_checkpoint_is_refused(content, tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path} is no file of weights")


def test_a_file_that_ends_early_is_refused(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(Reference.untrained().network.state_dict(), path)
    whole = path.read_bytes()
    for kept in (len(whole) // 7, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        assert refusal(path).startswith(f"{path} is no file of weights")


@pytest.mark.parametrize("save", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x))])
def test_no_code_of_a_file_is_run(save, tmp_path):
    path, sprung = tmp_path / "weights.pt", tmp_path / "sprung"
    save(Trap(sprung), path)
    assert refusal(path) == (
        f"{path} is no file of weights, or needs code of its own to be run, which is refused: "
        "save it with torch.save(model.state_dict(), FILE)"
    )
    assert not sprung.exists()


def test_of_a_file_that_is_refused_torch_warns_no_more(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps({"a": 1}))  # of a protocol that torch warns of
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert refusal(path).startswith(f"{path} is no file of weights")
    assert said == []


def refusal(path):
    with pytest.raises(ReferenceUnreadable) as error:
        Reference.load(path)
    return str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointNotFound) as error:
        Reference.load(tmp_path / "none.pt")
    assert str(error.value) == (
        f"no file {tmp_path / 'none.pt'}: give the .pt file of the published network"
    )
