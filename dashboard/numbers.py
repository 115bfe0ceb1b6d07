"""Figures as text: a dash where one cannot be had, plain ASCII for every terminal."""

import math

MISSING = "-"


def number(value: float | None, digits: int = 3) -> str:
    """The figure rounded, or MISSING for None and NaN."""
    return MISSING if value is None or math.isnan(value) else f"{value:.{digits}f}"


def signed(value: float, digits: int = 3) -> str:
    """The figure with its sign, as a difference is written."""
    return MISSING if math.isnan(value) else f"{value:+.{digits}f}"


def interval(pair: tuple[float, float], digits: int = 3) -> str:
    """Both ends in brackets; nothing where there is no interval."""
    return "" if math.isnan(pair[0]) else f"[{pair[0]:.{digits}f}, {pair[1]:.{digits}f}]"
