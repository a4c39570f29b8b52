"""The wiring: which table feeds which function, a module for each room, in the order of the data.

Sources come first, then what the specification means (listeners, routes, clusters), then Envoy's words for it (envoy),
then the way back (verdicts, statuses). A table reads only tables that are declared above it, so each module takes the
rooms before it as arguments and gives back its own.
"""
