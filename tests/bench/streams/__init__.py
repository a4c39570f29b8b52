"""Many Envoys at once, simulated: what a control plane's streams cost in time, CPU and memory."""
