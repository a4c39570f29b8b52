"""Garbage: not looked for while the first world is read, which only builds; what it built is then left alone."""

import gc


def hold_back() -> None:
    """Look for none until `settle`."""
    gc.disable()


def settle() -> None:
    """Look for it from now on, but never again among what there is."""
    gc.collect()
    gc.freeze()
    gc.enable()
