"""The gRPC debug endpoint: what every Envoy was sent and what it said to that, for tools that know CSDS."""
