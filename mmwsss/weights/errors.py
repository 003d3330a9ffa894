"""Errors about weights, with a one-line message for the user."""


class WeightsError(ValueError):
    """Weights are missing, broken, of another kind, or do not fit the network."""
