"""Memory that was needed only for a while goes back to the machine."""

import ctypes


def give_back() -> None:
    """Loading a model takes several times what keeping it does, and the C library keeps the difference for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
