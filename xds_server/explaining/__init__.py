"""Explaining: which way a request would go, and why, read from the very configuration that Envoys are given.

The rules are Envoy's own, applied to the resources of a snapshot: what is explained is what is served. The messages
come from `xds-protos`, whose descriptors cost memory: nothing here is imported before somebody asks.
"""
