"""What can happen to a record between the heart and the file, done to it on purpose.

A change takes an ECG and a generator of random numbers, and returns another ECG.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from core.arrays import Floats
from core.beats import band
from core.ecg import LEADS, Ecg, Lead
from core.simulate.noise import ELECTRODES, to_leads

Change = Callable[[Ecg, np.random.Generator], Ecg]

RAIL_MV = 5.0  # no recorder need follow more (IEC 60601-2-25)
_NOISE_MV = (0.02, 2.0)  # from what any electrode picks up to what hides a heart
_BURST_S = 0.05  # standard deviation of the shape of a burst, as long as a QRS complex
_BURST_MV = (0.3, 3.0)  # as high as one
_AMPLIFIER_MV = 0.005  # hiss of the recorder, under hum and wander


def shuffled(ecg: Ecg, rng: np.random.Generator) -> Ecg:
    """The leads in an order drawn at random."""
    return _with(ecg, ecg.signal[rng.permutation(len(LEADS))])


def scaled(factor: float) -> Change:
    """All voltages times ``factor``."""
    return lambda ecg, _: _with(ecg, ecg.signal * factor)


def later(seconds: float) -> Change:
    """The record begun ``seconds`` earlier, and its end put before its beginning.

    A record of ten seconds has nothing more to show, and its first sample repeated for 200 ms
    would be a flat line and a step that no heart makes: one record in ten is refused for it. The
    circle keeps every beat but the one it cuts, and the network was taught on such circles.
    """
    return lambda ecg, _: _with(ecg, np.roll(ecg.signal, round(seconds * ecg.rate), axis=1))


def noisy(size_mv: float) -> Change:
    """White noise of that standard deviation in every lead."""
    return lambda ecg, rng: _with(ecg, ecg.signal + rng.normal(0, size_mv, ecg.signal.shape))


def at_rate(rate: float) -> Change:
    """The record at another rate, polyphase: what a finer recorder would have written."""

    def change(ecg: Ecg, _: np.random.Generator) -> Ecg:
        ratio = Fraction(rate / ecg.rate).limit_denominator(1000)
        signal = resample_poly(
            ecg.signal, ratio.numerator, ratio.denominator, axis=1, padtype="line"
        )
        return _with(Ecg(signal=ecg.signal, rate=rate), signal)

    return change


def arms_exchanged(ecg: Ecg, _: np.random.Generator) -> Ecg:
    """The electrodes of both arms exchanged: the chest leads stay, as their reference does."""
    one, two, three, right, left, foot = ecg.signal[:6]
    return _with(ecg, np.stack([-one, three, two, left, right, foot, *ecg.signal[6:]]))


def exchanged(first: Lead, second: Lead) -> Change:
    """Two leads under each other's name."""
    order = np.arange(len(LEADS))
    pair = [LEADS.index(first), LEADS.index(second)]
    order[pair] = pair[::-1]
    return lambda ecg, _: _with(ecg, ecg.signal[order])


def _flat(ecg: Ecg, _: np.random.Generator) -> Ecg:
    return _with(ecg, np.zeros_like(ecg.signal))


def _one_flat(ecg: Ecg, rng: np.random.Generator) -> Ecg:
    return _one_lead(ecg, rng, lambda lead: np.full_like(lead, lead[0]))


def _missing(value: float, ecg: Ecg, rng: np.random.Generator) -> Ecg:
    at = rng.integers(ecg.signal.shape[1])
    return _one_lead(ecg, rng, lambda lead: np.where(np.arange(len(lead)) == at, value, lead))


def _on_the_rail(ecg: Ecg, rng: np.random.Generator) -> Ecg:
    """One lead pushed to the end of the recorder's range for two seconds."""
    two_seconds = np.arange(ecg.signal.shape[1]) < 2 * ecg.rate
    return _one_lead(ecg, rng, lambda lead: np.where(two_seconds, RAIL_MV, lead))


def _over_the_rails(ecg: Ecg, _: np.random.Generator) -> Ecg:
    return _with(ecg, (20 * ecg.signal).clip(-RAIL_MV, RAIL_MV))


def _cut_off(ecg: Ecg, _: np.random.Generator) -> Ecg:
    """Every lead without its highest and lowest twentieth."""
    low, high = np.percentile(ecg.signal, (5, 95), axis=1, keepdims=True)
    return _with(ecg, ecg.signal.clip(low, high))


def _filtered(spoilt: Change) -> Change:
    """Afterwards through a recorder's filter of 40 Hz: no two samples on a rail stay equal."""

    def change(ecg: Ecg, rng: np.random.Generator) -> Ecg:
        after = spoilt(ecg, rng)
        low_pass = butter(2, 40.0, fs=ecg.rate, output="sos")
        return _with(after, sosfiltfilt(low_pass, after.signal, axis=1))

    return change


def _white(time: Floats, rng: np.random.Generator) -> Floats:
    return rng.normal(0, 1, (len(ELECTRODES), len(time)))


def _hum(time: Floats, rng: np.random.Generator) -> Floats:
    """Mains, near but not at the frequency that it should have."""
    return np.sin(2 * np.pi * rng.uniform(49.5, 50.5) * time + _phases(rng))


def _wander(time: Floats, rng: np.random.Generator) -> Floats:
    """Breathing."""
    return np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * time + _phases(rng))


def _muscle(time: Floats, rng: np.random.Generator) -> Floats:
    """Tension that comes and goes, 20 to 150 Hz or what the rate has of it."""
    tension = 0.2 + np.sin(np.pi * rng.uniform(0.1, 1) * time + _phases(rng)) ** 2
    return tension * band(_white(time, rng), 1 / time[1], 20.0, 150.0)


def _bursts(time: Floats, rng: np.random.Generator) -> Floats:
    """Muscle at one electrode, at times like those of beats: no heart shows there."""
    every = rng.uniform(0.6, 1.2)
    times = np.arange(every / 2, time[-1], every)
    times += rng.normal(0, 0.05, len(times))
    shape = np.exp(-(((time[:, None] - times) / _BURST_S) ** 2) / 2).sum(axis=1)
    at_one: Floats = np.zeros((len(ELECTRODES), len(time)))
    at_one[rng.integers(3)] = shape * band(rng.normal(0, 1, (1, len(time))), 1 / time[1], 5, 40)[0]
    at_one /= np.abs(at_one).max()
    return at_one


def _phases(rng: np.random.Generator) -> Floats:
    return rng.uniform(0, 2 * np.pi, (len(ELECTRODES), 1))


def _only(
    kind: Callable[[Floats, np.random.Generator], Floats],
    ecg: Ecg,
    rng: np.random.Generator,
    between_mv: tuple[float, float] = _NOISE_MV,
) -> Ecg:
    """No heart: noise at every electrode by a size of its own, and the recorder's hiss."""
    time = np.arange(ecg.signal.shape[1]) / ecg.rate
    size = np.exp(rng.uniform(*np.log(between_mv))) * rng.uniform(0.2, 1, (len(ELECTRODES), 1))
    return _with(ecg, to_leads(size * kind(time, rng) + _AMPLIFIER_MV * _white(time, rng)))


# What nobody may read a diagnosis from, whatever record it is done to.
UNREADABLE: dict[str, Change] = {
    "all leads flat": _flat,
    "one lead flat": _one_flat,
    "one sample NaN": partial(_missing, np.nan),
    "one sample infinite": partial(_missing, np.inf),
    "one lead on the rail for 2 s": _on_the_rail,
    "all leads over the rails": _over_the_rails,
    "one lead on the rail for 2 s, filtered": _filtered(_on_the_rail),
    "all leads over the rails, filtered": _filtered(_over_the_rails),
    "all leads cut off": _cut_off,
    "white noise only": partial(_only, _white),
    "mains hum only": partial(_only, _hum),
    "baseline wander only": partial(_only, _wander),
    "muscle noise only": partial(_only, _muscle),
    "bursts at one electrode only": partial(_only, _bursts, between_mv=_BURST_MV),
    "uV read as mV": scaled(1e3),
    "V read as mV": scaled(1e-3),
    "half of the record": lambda ecg, _: _with(ecg, np.array_split(ecg.signal, 2, axis=1)[0]),
}


def _one_lead(ecg: Ecg, rng: np.random.Generator, change: Callable[[Floats], Floats]) -> Ecg:
    signal = ecg.signal.copy()
    row = rng.integers(len(LEADS))
    signal[row] = change(signal[row].astype(np.float64))
    return _with(ecg, signal)


def _with(ecg: Ecg, signal: np.ndarray) -> Ecg:
    return Ecg(signal=np.ascontiguousarray(signal, dtype=np.float32), rate=ecg.rate)
