"""When the heart beats: a sinus node that breathes, and now and then an ectopic beat."""

from dataclasses import dataclass

import numpy as np

from core.simulate.vcg import Array, Beat, Dipole, Wave

_MARGIN_S = 1.5  # beats begun before the record, or ending after it, show in it


@dataclass(frozen=True)
class Rhythm:
    """R peaks in s, some just outside the record, and which of them are ventricular ectopics."""

    times: Array
    ectopic: frozenset[int]
    respiration: float  # Hz
    phase: float  # of respiration at time zero, in radians

    def breath(self, time: float) -> float:
        """Where the chest is, -1 (out) to 1 (in)."""
        return float(np.sin(2 * np.pi * self.respiration * time + self.phase))


def draw_rhythm(
    rng: np.random.Generator, *, heart_rate: float, age: float, seconds: float, ectopics: int = 0
) -> Rhythm:
    """A sinus rhythm of mean ``heart_rate`` (/min) over ``seconds``.

    RR follows respiration (0.18-0.33 Hz) and the slower Mayer wave near 0.1 Hz (McSharry 2003);
    its spread falls with age and with the rate (Umetani et al., J Am Coll Cardiol 31:593, 1998).
    """
    mean = 60 / heart_rate
    respiration = rng.uniform(0.18, 0.33)
    phase, mayer = rng.uniform(0, 2 * np.pi, 2)
    spread = _spread(rng, mean, age)
    times = [-_MARGIN_S + rng.uniform(0, mean)]
    while times[-1] < seconds + _MARGIN_S:
        now = times[-1]
        breath = np.sin(2 * np.pi * respiration * now + phase)
        slow = np.sin(2 * np.pi * 0.1 * now + mayer)
        own = np.clip(rng.standard_normal(), -2, 2)
        times.append(now + max(mean + spread * (breath + 0.8 * slow + 0.3 * own), 0.35 * mean))
    exact = _at_mean_rate(np.array(times), mean, seconds)
    moved, ectopic = _with_ectopics(rng, exact, seconds, ectopics)
    return Rhythm(moved, ectopic, float(respiration), float(phase))


def _spread(rng: np.random.Generator, mean: float, age: float) -> float:
    """Amplitude of each oscillation of RR in s: 3 % of RR at 20 years, 1 % at 80."""
    share = np.interp(age, (20, 80), (0.03, 0.01)) * np.exp(rng.normal(0, 0.4))
    return float(min(share, 0.06) * mean)


def _at_mean_rate(times: Array, mean: float, seconds: float) -> Array:
    """Stretch time so that the beats inside the record have the mean interval asked for."""
    inside = np.flatnonzero((times >= 0) & (times < seconds))
    if len(inside) < 2:
        return times
    first, last = inside[0], inside[-1]
    factor = mean * (last - first) / (times[last] - times[first])
    stretched: Array = times[first] + (times - times[first]) * factor
    return stretched


def _with_ectopics(
    rng: np.random.Generator, times: Array, seconds: float, count: int
) -> tuple[Array, frozenset[int]]:
    """Bring some beats forward; the pause after them compensates, so their neighbours stay."""
    inside = np.flatnonzero((times > 1) & (times < seconds - 1))[::2]
    chosen = rng.choice(inside, size=min(count, len(inside)), replace=False)
    moved = times.copy()
    for index in chosen:
        interval = times[index] - times[index - 1]
        moved[index] -= interval * rng.uniform(0.28, 0.4)
    return moved, frozenset(int(index) for index in chosen)


def ectopic_beat(rng: np.random.Generator, beat: Beat) -> Beat:
    """A ventricular ectopic: no P, QRS slow and large from one focus, T against it."""
    direction = rng.standard_normal(3) * (1.0, 1.0, 0.7)
    direction /= np.linalg.norm(direction)
    size = rng.uniform(0.8, 1.3)
    wide = [(-35, 20, 0.35), (0, 24, 1.0), (40, 20, 0.45)]
    qrs = Dipole.of([(c, w, tuple(direction * m * size)) for c, w, m in wide])
    turned = Dipole.of([(230, 50, tuple(-0.38 * size * direction))])
    nothing = Dipole.of([(0, 10, (0.0, 0.0, 0.0))])
    return beat.each(
        {Wave.P: nothing, Wave.QRS: qrs, Wave.ST: nothing, Wave.T: turned, Wave.U: nothing}
    )
