"""The messages of gatehouse.debug.v1, made from debug.proto by `make protos`."""
