"""Errors of recipes and pipelines; their messages are meant for the terminal."""


class RecipeError(ValueError):
    """A recipe, or one of its stages, says something that cannot be run."""


class PipelineError(RuntimeError):
    """A pipeline ends here; the message says where and how to continue."""


class Interrupted(KeyboardInterrupt):
    """The pipeline was asked to stop (SIGTERM, SIGHUP), as by Ctrl-C."""
