"""Small trainings of S2C and of the demo's DeepLab, in one process or, run by torchrun, in two."""

import functools
import json
import shutil
import sys
from pathlib import Path
from unittest.mock import patch

import torch
from mmengine.config import Config
from mmengine.dist import barrier, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from torch.nn.modules.batchnorm import _BatchNorm

from mmwsss.engine import WSSSRunner, build_runner
from mmwsss.engine.launch import init_processes, leave_processes
from mmwsss.registry import HOOKS, OPTIM_WRAPPERS

CONFIGS = Path(__file__).parents[2] / 'configs'
FILES = {'s2c': 's2c/s2c_r18_shapes.py', 'deeplab': 'demo/deeplabv3plus_r18_cam_shapes.py'}
EPOCHS = 3


@HOOKS.register_module()
class FixedNorm(Hook):
    """Batch norm by its running statistics: what it computes of a batch differs with the batch."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


@OPTIM_WRAPPERS.register_module()
class RecordedGradients(OptimWrapper):
    """Keeps the gradients of the first step."""

    def step(self, **kwargs):
        if not hasattr(self, 'first'):
            self.first = [
                p.grad.clone() for group in self.optimizer.param_groups for p in group['params']
            ]
        super().step(**kwargs)


def read_config(kind: str, folder: Path, work_dir: Path, exact: bool) -> Config:
    """A small config; ``exact`` without what mathematics makes depend on the number of processes.

    That is batch norm's statistics, dropout's draws and a mean over labelled pixels only. SGD, as
    AdamW's first steps turn rounding into signs.
    """
    data = json.loads((folder / 'data.json').read_text())
    cfg = Config.fromfile(CONFIGS / FILES[kind])
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'{work_dir.name}_{kind}'
    cfg.batch = dict(published=4)
    cfg.train_dataloader.update(num_workers=0)
    dataset = cfg.train_dataloader.dataset
    photos = dataset.get('images', dataset)
    photos.update(data)
    for step in dataset.get('pipeline') or photos.pipeline:
        if step.type == 'RandomCropPad':
            step.size = 64
    if kind == 's2c':
        cfg.model.cpm_begin = 1
        dataset.pipeline[1].store = str(folder / 'proposals/proposals')
        cfg.model.head.num_classes = 6
    else:
        dataset.store = str(folder / 'masks')
        cfg.model.backbone.init_cfg = None
    hooks = [h for h in cfg.custom_hooks if h.type != 'ChannelsLastHook']
    cfg.custom_hooks = [*hooks, dict(type='ChannelsLastHook')]
    cfg.param_scheduler = dict(type='PolyLR', begin=0, end=EPOCHS, convert_to_iter_based=True)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=EPOCHS)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)
    if exact:
        cfg.custom_hooks.append(dict(type='FixedNorm'))
        cfg.model.backbone.norm_eval = True  # S2C enters train mode within a step
        cfg.optim_wrapper = dict(
            type='RecordedGradients', optimizer=dict(type='SGD', lr=0.01, momentum=0.9)
        )
        if kind == 'deeplab':
            cfg.model.decode_head.dropout_ratio = 0.0
            cfg.model.decode_head.loss_decode.avg_non_ignore = False
    return cfg


def train(kind: str, folder: Path, name: str, *, exact: bool, resume: bool = False) -> None:
    """Train in ``folder/name``; the first step's gradients go to ``gradients.pt``."""
    cfg = read_config(kind, folder, folder / name, exact)
    cfg.experiment_name += '_resumed' * resume
    launcher = 'pytorch' if get_world_size() > 1 else 'none'
    with patch.object(WSSSRunner, '_log_env'):  # asks compilers for their versions
        runner = build_runner(cfg, launcher=launcher, resume='auto' if resume else None)
        runner.train()
    if is_main_process() and exact and not resume:
        torch.save(runner.optim_wrapper.first, folder / name / 'gradients.pt')


def copy_first_epoch(folder: Path, name: str, new: str) -> None:
    """What a run that was killed after its first epoch leaves."""
    if is_main_process():
        (folder / new).mkdir()
        shutil.copy(folder / name / 'epoch_1.pth', folder / new)
    barrier()


def main(folder: Path) -> None:
    """All trainings of two processes."""
    init_processes('pytorch')
    for kind in FILES:
        run = functools.partial(train, kind, folder)
        run(f'{kind}_exact_two', exact=True)
        copy_first_epoch(folder, f'{kind}_exact_two', f'{kind}_exact_resumed')
        run(f'{kind}_exact_resumed', exact=True, resume=True)
        run(f'{kind}_plain_two', exact=False)
        copy_first_epoch(folder, f'{kind}_plain_two', f'{kind}_plain_resumed')
        run(f'{kind}_plain_resumed', exact=False, resume=True)
    leave_processes()


if __name__ == '__main__':
    main(Path(sys.argv[1]))
