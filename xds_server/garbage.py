"""Garbage: not looked for while the first world is read, which only builds; what it built is then left alone.

What of libraries only that has run is given back.
"""

import gc

from xds_server import libraries


def hold_back() -> None:
    """Look for none until `settle`."""
    gc.disable()


def settle() -> None:
    """Look for it from now on, but never again among what there is."""
    gc.collect()
    gc.freeze()
    gc.enable()
    libraries.give_back()
