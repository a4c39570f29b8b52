"""What stands beside an Envoy in its pod: it lets it drain before it ends. Imports little, for it runs everywhere."""
