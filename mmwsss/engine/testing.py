"""Run a test stage from its config to its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.model import is_model_wrapper
from mmengine.runner import TestLoop

from mmwsss.engine.checkpoint_io import newest_in
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.launch import build_runner
from mmwsss.engine.metrics_file import write_metrics
from mmwsss.engine.runner import WSSSRunner
from mmwsss.stores import StoreWriter

_TRAINING = (
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('val_dataloader', 'val_cfg', 'val_evaluator'),
)


def run_test(
    cfg: Config,
    checkpoint: str | Path | None = None,
    *,
    tta: bool = False,
    overwrite: bool = False,
    launcher: str = 'none',
    seed: int | None = None,
    trust_checkpoint: bool = False,
) -> dict[str, Any]:
    """Run a test stage and write its ``metrics.json``.

    Args:
        cfg: The stage's config, with a ``work_dir``. It is changed.
        checkpoint: Weights of the model, or the folder of its training. Defaults to the config's
            ``load_from``; not needed where the model has no parameter to train (refiners,
            proposers, frozen networks).
        tta: Test with the config's ``tta_model`` and ``tta_pipeline``.
        overwrite: Redo a store that another config or checkpoint has made.
        launcher: See :func:`mmwsss.engine.launch.build_runner`, as the remaining arguments.

    Returns:
        Metric name to number.
    """
    if checkpoint is not None:
        checkpoint = str(newest_in(checkpoint))
    for key in _TRAINING:  # what surrounds a model in training plays no part, and needs no data
        cfg.pop(key, None)
    if tta:
        _use_tta(cfg)
    if overwrite:
        if 'StoreTestLoop' not in str(cfg.test_cfg.get('type')):
            raise StageFailed('--overwrite is for stages that write a store; this one writes none')
        cfg.test_cfg.overwrite = True
    runner = build_runner(
        cfg,
        launcher=launcher,
        load_from=checkpoint,
        seed=seed,
        trust_checkpoint=trust_checkpoint,
    )
    _require_weights(runner)
    metrics = runner.test()
    if type(runner.test_loop) is TestLoop:  # a store's loop writes its own, with its protocol
        dataset = runner.test_dataloader.dataset
        protocol = {
            'config': Path(cfg.filename).name,
            'checkpoint': runner._load_from,
            'images': len(dataset),
            'list_hash': getattr(dataset, 'list_hash', None),
            'tta': tta,
        }
        write_metrics(runner.work_dir, metrics, protocol)
    return metrics


def _use_tta(cfg: Config) -> None:
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise StageFailed(f'--tta, but {cfg.filename} has no tta_model and tta_pipeline')
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    dataset.pipeline = cfg.tta_pipeline
    cfg.model = {**cfg.tta_model, 'module': cfg.model}


def _require_weights(runner: WSSSRunner) -> None:
    """Raise an error if untrained weights would be scored."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    if isinstance(model, StoreWriter) and model.store_output().untrained:
        return
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if count and runner._load_from is None:
        raise StageFailed(
            f'{type(model).__name__} has {count} parameters to train and no checkpoint was given: '
            'name one after the config'
        )
