"""Whether an ECG can be read at all, and what to distrust where it can.

The limits were set on PTB-XL folds 1-9 and on the 400 recordings of the PhysioNet/CinC 2011
challenge ("Improving the quality of ECGs collected using mobile phones") that are at hand.
``docs/decisions/0018-one-source-is-no-heart.md`` has what was compared for amplifiers at their end
and loose electrodes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats
from core.ecg import DURATION_S, LEADS, Ecg, Lead
from core.interchange import (
    RATE,
    UNRELATED,
    broken_laws,
    exchanged_electrodes,
    ill_scaled,
)
from core.noise import INDEPENDENT, Noise, mains, measure
from core.preprocess import at_model_rate, first_ten_seconds
from core.silence import FLAT_MV, Silence, Span, find_rail, find_silence

REVERSAL = "Possible lead reversal"  # how every such warning begins

_CHEST = slice(6, 12)  # V1 to V6
_LOWEST_RATE = 50  # Hz
_FLAT_S = 5  # seconds without a signal, of ten; PTB-XL has none between 0 and 7
_SMALLEST_MV = 0.1  # swing of the largest lead; PTB-XL: 0.7 and above
# swing of the middle lead, above 0.5 Hz; PTB-XL: 3.9 and below. Ten times a heart is 9.6 mV
_LARGEST_MV = 4.8
_CLIPPED = 0.01  # share of samples on one extreme value, where a peak is cut; PTB-XL: in 2 records
_CLIPPED_MV = 0.1  # and that far from the middle, where a coarse recorder repeats itself too
_PEAK_MV = 0.02  # within which a whole peak has more samples than on its very top
_NOISE_LIMIT = 2.6  # noise over beat in the worst lead, where reading ends
_NOISE_SUSPECT = 1.0  # and where it begins to suffer
_WANDER_MV = 1.5
_MUSCLE_MV = 0.02
_MAINS_MV = 0.05
_REFUSED_SCORE = 0.49  # at most
_PROMINENCE = 2.1  # PTB-XL: 2.2 and above; noise of ten kinds: 2.1 and below
_UNSTEADY_PROMINENCE = 2.6  # of QRS that hardly come back, as in noise
_REPETITION = 0.8  # PTB-XL, prominence below 2.6: 0.9 and above; noise: 0.6 and below
_QRS_MV = 0.2  # swing in the band of QRS, largest lead; PTB-XL: 0.37 and above
# QRS of the largest lead, and over the next: suspect (PTB-XL: 4 records), refused (PTB-XL: none)
_UNEVEN_MV, _UNEVEN_SUSPECT, _UNEVEN = 3.0, 2.5, 3.5
_ONE_SOURCE = 0.04  # second principal component over first; PTB-XL: 0.045 and above
_LEAD_QRS_MV = 0.02  # swing in that band, any of the eight leads that carry everything
# a lead of noise swings little at a QRS, differs much from the next, and is no quieter between;
# 4 of 19,601 records of PTB-XL have such a lead or a smaller one among the eight, and 98 % of
# leads of white noise to 50 uV are one
_HEARTLESS_MV, _HEARTLESS_DIFFERS, _HEARTLESS_STANDS_OUT = 0.1, 2.5, 1.3
# an arm's electrode on the right leg leaves one lead between the two legs, far from the heart
_BETWEEN_LEGS = {"(RA and RL)": LEADS.index(Lead.II), "(LA and RL)": LEADS.index(Lead.III)}
_BETWEEN_LEGS_MV = 0.2  # swing in the band of QRS, at most; II has less in 2 % of PTB-XL
_COPY = 0.014  # of the lead's own size: a correlation of 0.9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The verdict on one ECG: ``score`` from 0 (bad) to 1 (good), below 0.5 where it is refused.

    ``reasons`` say why it must not be scored (empty where ``acceptable``); ``warnings`` say
    what a reader should distrust in a record that can be read.
    """

    acceptable: bool
    score: float
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def assess(ecg: Ecg) -> Quality:
    """Say whether the first ten seconds of an ECG can be read, how well, and what is suspect."""
    signal = first_ten_seconds(ecg)
    if refused := _missing(ecg, signal):
        return Quality(acceptable=False, score=0.0, reasons=tuple(refused))
    silence = find_silence(signal, ecg.rate)
    if refused := _dead(signal, ecg.rate, silence):
        return Quality(acceptable=False, score=0.0, reasons=tuple(refused))
    noise = measure(at_model_rate(signal, ecg.rate).astype(np.float64), RATE)
    if refused := _too_large(noise.clean):
        return Quality(acceptable=False, score=0.0, reasons=tuple(refused))
    worst = float(noise.ratio.max())
    score = 1 / (1 + (worst / _NOISE_LIMIT) ** 2)
    if refused := _drowned(noise):
        return Quality(
            acceptable=False, score=round(min(score, _REFUSED_SCORE), 4), reasons=tuple(refused)
        )
    lost = max((end - start for start, end in silence.flat.values()), default=0.0)
    score = max(score * (1 - lost / DURATION_S), 0.5)
    warnings = [
        *_unread(ecg.seconds),
        *_interrupted(silence.flat),
        *(f"{said}." for said in _uneven(noise.qrs.swings, _UNEVEN_SUSPECT)),
        *(_untrue(noise) or _reversal(noise)),
        *_disturbed(noise, mains(signal, ecg.rate)),
    ]
    return Quality(acceptable=True, score=round(score, 4), warnings=tuple(warnings))


def _missing(ecg: Ecg, signal: NDArray[np.floating]) -> list[str]:
    """Reasons for which there is nothing to measure; ``signal`` is its first ten seconds."""
    if ecg.seconds < DURATION_S:
        return [f"The record lasts {ecg.duration}, {DURATION_S:.0f} s are needed: record it again."]
    if ecg.rate < _LOWEST_RATE:
        return [
            f"The record has {ecg.rate:g} samples a second, {_LOWEST_RATE} are needed to see a "
            "QRS complex: export it at its full rate."
        ]
    holes = np.count_nonzero(~np.isfinite(signal), axis=1)
    if holes.any():
        what = (
            "1 sample is not a number"
            if holes.sum() == 1
            else (f"{holes.sum()} samples are not numbers")
        )
        return [f"{what}, in {_names(holes > 0)}: export the record again."]
    return []


def _dead(signal: NDArray[np.floating], rate: float, silence: Silence) -> list[str]:
    """Reasons that show in the samples alone: what is flat, cut off or on the rail."""
    seconds = signal[:, : int(signal.shape[1] // rate) * int(rate)]
    swing = np.ptp(seconds.reshape(len(LEADS), -1, int(rate)), axis=2)
    flat_s = (swing < FLAT_MV).sum(axis=1)
    for row, (start, end) in silence.flat.items():
        flat_s[row] = max(flat_s[row], int(end - start))
    flat = flat_s >= _FLAT_S
    whole = np.ptp(signal, axis=1)
    if whole.max() < _SMALLEST_MV and whole.max() > 0:
        return [
            f"The largest lead swings {whole.max():.2g} mV: no heart is that small. "
            "Check the electrodes, and the unit of the file (V read as mV?)."
        ]
    if flat.all():
        return ["All twelve leads are flat: check the electrodes and the cable."]
    if flat.any():
        least, most = flat_s[flat].min(), flat_s[flat].max()
        spell = f"{most}" if least == most else f"{least} to {most}"
        return [
            f"No signal in {_names(flat)} (flat for {spell} s of "
            f"{DURATION_S:.0f} s): attach the electrode and record again."
        ]
    if gap := silence.gap:
        return [
            f"No signal in any lead from {gap[0]:.1f} to {gap[1]:.1f} s: check the patient first, "
            "then the cable, and record again."
        ]
    if on_rail := find_rail(signal, rate):
        return [
            f"{_names(which)}: at the end of the recorder's range, from {start:.1f} to {end:.1f} s "
            "and without a heartbeat there. Check the electrode and record again."
            for which, (start, end) in _together(on_rail)
        ]
    clipped = _clipped(signal, np.median(signal, axis=1))
    if (clipped >= _CLIPPED).any():
        return [
            f"{_names(clipped >= _CLIPPED)}: cut off, {clipped.max():.0%} of the samples lie on "
            "one extreme value. Lower the gain or replace the electrode, and record again."
        ]
    return []


def _too_large(clean: Floats) -> list[str]:
    """Why no heart is as large as the signal without its wander, on whatever rails it ends."""
    low, high = np.percentile(clean, (1, 99), axis=1)
    typical = float(np.median(high - low))
    if typical <= _LARGEST_MV:
        return []
    return [
        f"A typical lead swings {typical:.0f} mV: no heart is that large. "
        "Check the gain, and the unit of the file (uV read as mV?)."
    ]


def _drowned(noise: Noise) -> list[str]:
    """Reasons for which no beat can be read."""
    # noise that is the same in all leads may stand out as well, but it does not come back
    steady = noise.qrs.repetition >= _REPETITION
    least = _PROMINENCE if steady else _UNSTEADY_PROMINENCE
    if noise.beats.prominence < least or noise.qrs.swing < _QRS_MV:
        return [
            "No QRS complexes stand out: check the patient first, then the electrodes, and "
            "record again."
        ]
    bad = noise.ratio > _NOISE_LIMIT
    if bad.sum() > len(LEADS) / 2:
        return [
            f"No heartbeat can be told from the noise in {bad.sum()} of {len(LEADS)} leads: "
            "check the electrodes and record again."
        ]
    if bad.any():
        times = np.ceil(10 * noise.ratio.max()) / 10  # above the limit in words too
        return [
            f"{_names(bad)}: the disturbance is {times:.1f} times as large as the "
            f"heartbeat, {_NOISE_LIMIT} is the limit. Check the electrode and record again."
        ]
    if noise.qrs.second_source < _ONE_SOURCE:
        return [
            "All leads show one signal in different sizes, as a loose electrode makes it and no "
            "heart: check the patient first, then the electrodes, and record again."
        ]
    return [f"{said}, and record again." for said in _uneven(noise.qrs.swings, _UNEVEN)]


def _uneven(swings: Floats, limit: float) -> Iterable[str]:
    """What to say of a lead whose QRS is out of all proportion to those of the others."""
    largest = int(swings.argmax())
    times = swings[largest] / np.sort(swings)[-2]
    if swings[largest] > _UNEVEN_MV and times > limit:
        yield (
            f"{LEADS[largest]}: the QRS complex swings {swings[largest]:.1f} mV, {times:.1f} times "
            "as much as in any other lead. Check its gain and its electrode"
        )


def _unread(seconds: float) -> Iterable[str]:
    if round(seconds, 1) > DURATION_S:
        yield f"The first {DURATION_S:.0f} of {round(seconds, 1):g} s were read."


def _interrupted(flat: dict[int, Span]) -> Iterable[str]:
    """What is lost when."""
    for which, (start, end) in _together(flat):
        yield (
            f"No signal in {_names(which)} from {start:.1f} to {end:.1f} s: check the electrode. "
            "What the heart did there is not seen."
        )


def _together(spans: dict[int, Span]) -> Iterable[tuple[Bools, Span]]:
    """The leads whose spans overlap, to be told at once, in the order in which they begin."""
    rows = sorted(spans, key=lambda row: spans[row])
    while rows:
        start, end = spans[rows[0]]
        together = [row for row in rows if spans[row][0] < end]
        which = np.isin(np.arange(len(LEADS)), together)
        yield which, (start, max(spans[row][1] for row in together))
        rows = rows[len(together) :]


def _untrue(noise: Noise) -> list[str]:
    """Leads that do not show this heart, or not from their own place."""
    said = [
        f"{one} and {two} are the same signal: check the leads and the file."
        for one, two in _copies(noise.clean)
    ]
    if (heartless := _heartless(noise)).any():
        # a lead on the chest has one electrode of its own, I and II have two
        one = heartless.sum() == 1 and heartless[_CHEST].any()
        what = "electrode" if one else "electrodes"
        said.append(f"No heartbeat in {_names(heartless)}: check the {what}.")
    return said


def _heartless(noise: Noise) -> Bools:
    """Leads without a QRS; of the limb leads I and II alone.

    III, aVR, aVL and aVF are sums of those two: where they show none, the heart's axis lies
    across them, and where the file is wrong, they break the laws of the limb leads.
    """
    qrs = noise.qrs
    like_noise = (
        (qrs.swings < _HEARTLESS_MV)
        & (qrs.swings < _HEARTLESS_DIFFERS * qrs.differs)
        & (qrs.during < _HEARTLESS_STANDS_OUT * qrs.between)
    )
    recorded = np.isin(np.arange(len(LEADS)), INDEPENDENT)
    heartless: Bools = recorded & ((qrs.swings < _LEAD_QRS_MV) | like_noise)
    return heartless


def _copies(clean: Floats) -> Iterable[tuple[Lead, Lead]]:
    power = np.cov(clean, ddof=0)
    for one, two in combinations(INDEPENDENT, 2):
        size, other = power[one, one], power[two, two]
        if size + other - 2 * power[one, two] < _COPY**2 * max(size, other):
            yield LEADS[one], LEADS[two]


def _reversal(noise: Noise) -> Iterable[str]:
    broken = broken_laws(noise.clean)
    if broken == UNRELATED and ill_scaled(noise.clean):
        yield (
            "The limb leads do not fit each other in size (III is II - I only after scaling): "
            "check the gains in the file before trusting any voltage."
        )
    elif broken:
        yield (
            f"{REVERSAL}: {broken} (III = II - I, or what follows for aVR, aVL and "
            "aVF, does not hold). Check the names of the leads."
        )
    elif exchanged := _possible(exchanged_electrodes(noise.beats.common), noise):
        yield (
            f"{REVERSAL}: {exchanged} may have been exchanged. "
            "Check the electrodes before trusting any finding."
        )


def _possible(exchanged: str | None, noise: Noise) -> str | None:
    """The exchange, unless the lead that it leaves between the legs has a large QRS."""
    for electrodes, row in _BETWEEN_LEGS.items():
        if exchanged and electrodes in exchanged and noise.qrs.swings[row] > _BETWEEN_LEGS_MV:
            return None
    return exchanged


def _disturbed(noise: Noise, hum: Floats) -> Iterable[str]:
    if (suspect := noise.ratio > _NOISE_SUSPECT).any():
        yield f"Disturbed: {_names(suspect)}. Findings there may be artefacts."
    if (wander := noise.wander > _WANDER_MV).any():
        yield f"The baseline wanders by {noise.wander.max():.1f} mV in {_names(wander)}."
    if (muscle := noise.muscle > _MUSCLE_MV).any():
        yield f"Muscle noise or interference in {_names(muscle)}."
    if (mains_in := hum > _MAINS_MV).any():
        yield f"Mains hum of {hum.max():.2f} mV in {_names(mains_in)}."


def _clipped(signal: NDArray[np.floating], middle: Floats) -> Floats:
    """The share of each lead's samples on its highest or lowest value, where that is no peak."""
    shares = []
    for extreme in (signal.max(axis=1), signal.min(axis=1)):
        off = np.abs(signal - extreme[:, None])
        on, beside = (off == 0).mean(axis=1), ((off > 0) & (off <= _PEAK_MV)).mean(axis=1)
        cut = (on > beside) & (np.abs(extreme - middle) > _CLIPPED_MV)
        shares.append(np.where(cut, on, 0.0))
    most: Floats = np.max(shares, axis=0)
    return most


def _names(which: Bools) -> str:
    """The leads in words: ``all leads``, ``V1``, or ``I, aVL and V6``."""
    named = [str(lead) for lead, chosen in zip(LEADS, which, strict=True) if chosen]
    if len(named) == len(LEADS):
        return "all leads"
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
