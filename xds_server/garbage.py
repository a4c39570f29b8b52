"""Garbage: not looked for while modules and the first world are read, which only build; these are then left alone."""

import gc


def hold_back() -> None:
    """Look for none until `settle`, and never among what there is by now."""
    gc.disable()
    gc.freeze()


def settle() -> None:
    """Look for it from now on, but never again among what there is."""
    gc.collect()
    gc.freeze()
    gc.enable()
