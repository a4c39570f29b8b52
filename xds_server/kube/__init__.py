"""The cluster side: the only room that imports `kubernetes`."""
