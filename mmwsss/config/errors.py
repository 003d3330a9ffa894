"""The error of config files; its messages are meant for the terminal."""


class ConfigError(ValueError):
    """A config file, or a value that is put into it, cannot be used."""
