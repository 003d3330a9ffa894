"""Errors of the stores."""


class StoreError(ValueError):
    """A store, or one entry of it, is missing, broken or not what was asked for."""


class StoreMismatch(StoreError):
    """Two sides disagree: a store and its consumer, or an old and a new producer."""


class FolderBusy(StoreError):
    """Another process writes to a folder."""
