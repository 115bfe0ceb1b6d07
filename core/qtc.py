"""QT corrected for the heart rate."""

import math


def bazett(qt: float, heart_rate: float) -> float:
    """QT in ms at 60 beats a minute by the square root of RR: Bazett, Heart 7:353 (1920)."""
    return qt / math.sqrt(60 / heart_rate)


def fridericia(qt: float, heart_rate: float) -> float:
    """QT in ms at 60 beats a minute by the cube root: Fridericia, Acta Med Scand 53:469 (1920)."""
    return qt / math.cbrt(60 / heart_rate)
