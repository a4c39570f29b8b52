"""Garbage: not looked for while modules and the first world are read, which only build; these are then left alone."""

import ctypes
import gc


def hold_back() -> None:
    """Look for none until `settle`, and never among what there is by now."""
    gc.disable()
    gc.freeze()


def settle() -> None:
    """Look for it from now on, but never again among what there is; what reading took is the system's again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone keeps what is free between what is not
    if trim is not None:
        trim(0)
