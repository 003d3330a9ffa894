"""Hooks of the runner."""

from mmwsss.engine.hooks.channels_last_hook import ChannelsLastHook
from mmwsss.engine.hooks.checkpoint_hook import CheckpointHook
from mmwsss.engine.hooks.epoch_seed_hook import EpochSeedHook
from mmwsss.engine.hooks.executed_steps_hook import ExecutedStepsHook
from mmwsss.engine.hooks.finite_loss_hook import FiniteLossHook
from mmwsss.engine.hooks.mean_displacement_hook import MeanDisplacementHook
from mmwsss.engine.hooks.norm_eval_hook import NormEvalHook

__all__ = [
    'ChannelsLastHook',
    'CheckpointHook',
    'EpochSeedHook',
    'ExecutedStepsHook',
    'FiniteLossHook',
    'MeanDisplacementHook',
    'NormEvalHook',
]
