"""Errors of the data sets."""

from __future__ import annotations

from pathlib import Path


class DataError(ValueError):
    """A data set, a list of it or its tags are not what they should be."""


class ImageError(DataError):
    """One image or mask cannot be used; the others may be fine.

    Args:
        message: What is wrong with it, and what to do.
        img_id: Its image id. Optional, because an error that crosses a worker's border is
            built again from its message alone.
        path: Its file.
    """

    def __init__(
        self, message: str, img_id: str | None = None, path: str | Path | None = None
    ) -> None:
        super().__init__(message)
        self.img_id = img_id
        self.path = path
