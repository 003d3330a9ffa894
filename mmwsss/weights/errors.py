"""What goes wrong with weights, in one line for the user."""


class WeightsError(ValueError):
    """Weights are not there, are not what they should be, or do not fit the network."""
