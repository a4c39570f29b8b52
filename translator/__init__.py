"""Gateway API objects in, Envoy resources and conditions out; pure: no clock, log, network or environment."""
