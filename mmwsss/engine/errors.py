"""Errors that end a stage with a message instead of a traceback."""


class StageFailed(RuntimeError):
    """A stage ran to its end but has to be reported as failed.

    Raised at the end of a stage in which some images could not be processed;
    what was finished stays finished. The tools print the message and exit 1.
    """
