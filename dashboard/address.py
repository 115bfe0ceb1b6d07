"""What an address or a form of one field says."""

import re

_NUMBER = re.compile(r"[0-9]{1,40}")  # Python reads no number of thousands of digits


def ecg_number(text: str) -> int | None:
    """The number of an ECG, which there may not be; None for anything else."""
    return int(text) if _NUMBER.fullmatch(text) else None
