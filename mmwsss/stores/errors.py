"""Errors of the stores."""


class StoreError(ValueError):
    """A store, or one entry of it, is missing, broken or not what was asked for."""


class StoreMismatch(StoreError):
    """A store does not fit its reader, or was written by a different producer."""


class FolderBusy(StoreError):
    """Another process is writing to the folder."""
