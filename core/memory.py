"""The memory that torch gives up after a batch is kept for the next one."""

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # malloc.h of the GNU C library
_LARGE = 1 << 30  # bytes
_STEP = 64 << 20


def keep_freed_memory() -> bool:
    """Have malloc keep what is freed; returns whether it does: only the GNU C library can.

    As it is, a large tensor is mapped when it is made and given back when it is dropped, and the
    kernel clears each page of the next one. For work that goes through a network batch after
    batch: on a virtual machine of two cores a batch of 64 took 0.34 s in place of 0.85. The
    process stays as large as it has once been. Not called where the published network is timed,
    which as published does without.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another library, or another system
        return False
    asked = (_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGE), (_TOP_PAD, _STEP)
    return all(mallopt(option, value) == 1 for option, value in asked)
