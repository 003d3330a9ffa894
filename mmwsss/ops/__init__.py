"""Pure functions on tensors and arrays: no registry, no files, no state."""
