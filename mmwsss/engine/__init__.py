"""Running stages: processes, loops, hooks, checkpoints."""

from mmwsss.engine import hooks, loops, schedulers, wrappers  # noqa: F401
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.launch import build_runner, load_config
from mmwsss.engine.runner import WSSSRunner
from mmwsss.engine.skipping import SkippingOptimWrapper  # noqa: F401

__all__ = ['StageFailed', 'WSSSRunner', 'build_runner', 'load_config']
