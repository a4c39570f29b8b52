"""The Envoy side: from the intermediate representation to bytes, and names made from keys alone."""

from translator.xds import unchecked

unchecked.install()
