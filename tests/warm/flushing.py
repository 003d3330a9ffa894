"""No waiting for the disk: what a test kills are processes, and not the machine."""

import os


def leave_unflushed() -> None:
    """Let this process's ``os.fsync`` do no more than see whether a file is open."""
    os.fsync = lambda file: os.fstat(file) and None
