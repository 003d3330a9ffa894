"""A tiny task for the runtime's tests: every source of state that a resume has to bring back."""

import os
import random
import time

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from torch import nn

from mmwsss.engine import WSSSRunner
from mmwsss.registry import DATASETS, HOOKS, METRICS, MODELS, RUNNERS


@DATASETS.register_module()
class ToyDataset(BaseDataset):
    """Points on a line, with noise from all three random generators."""

    METAINFO = {'classes': ('background', 'thing'), 'palette': [[0, 0, 0], [128, 0, 0]]}

    def __init__(self, count=12, noise=0.1, **kwargs):
        self.count, self.noise = count, noise
        super().__init__(serialize_data=False, **kwargs)

    def load_data_list(self):
        return [{'x': i / self.count} for i in range(self.count)]

    def prepare_data(self, idx):
        x = self.data_list[idx]['x']
        noise = random.random() + np.random.rand() + float(torch.rand(()))
        return {'inputs': torch.tensor([x, 1.0]), 'data_samples': 3 * x + self.noise * noise}


@MODELS.register_module()
class ToyModel(BaseModel):
    """A perceptron with dropout and batch normalisation."""

    def __init__(self, trainable=True):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1)
        )
        self.requires_grad_(trainable)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(inputs)
        if mode == 'predict':  # validation draws numbers too
            inputs = inputs + 0 * torch.rand_like(inputs)
        output = self.net(inputs).squeeze(1)
        if mode == 'loss':
            target = torch.tensor(data_samples, dtype=output.dtype)
            return {'loss': (output - target).square().mean()}
        return output.tolist()


@MODELS.register_module()
class ToyIdentity(BaseModel):
    """A model without parameters."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return [float(x[0]) * 3 for x in inputs]


@METRICS.register_module()
class ToyError(BaseMetric):
    """Mean absolute prediction; a number, not a judgement."""

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        return {'size': np.float64(np.abs(results).mean()), 'images': len(results)}


@RUNNERS.register_module()
class ToyRunner(WSSSRunner):
    """A runner of somebody's own."""


@HOOKS.register_module()
class SlowDown(Hook):
    """Sleep after each iteration, so that a test can kill the run at a chosen point."""

    def __init__(self, seconds):
        self.seconds = seconds

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        time.sleep(self.seconds)


@HOOKS.register_module()
class KillWhileWriting(Hook):
    """SIGKILL this process half-way through writing a checkpoint."""

    def __init__(self, name):
        self.name = name

    def before_train(self, runner):
        import mmwsss.engine.checkpoint_io as io

        def write_or_die(path, data):
            if os.path.basename(path) != self.name:
                write(path, data)
                return
            half = os.path.join(os.path.dirname(path), f'.{self.name}.1.tmp')
            with open(half, 'wb') as file:
                file.write(data[: len(data) // 2])
            os.kill(os.getpid(), 9)

        write, io.atomic_write_bytes = io.atomic_write_bytes, write_or_die


CONFIG = """
custom_imports = dict(imports=['tests.test_engine.toy'])
_base_ = {base!r}
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(interval=1, max_keep_ckpts=2, save_best='size', rule='greater'),
)
custom_hooks = [dict(type='EMAHook', momentum=0.1, update_buffers=True)]
model = dict(type='ToyModel')
train_dataloader = dict(
    dataset=dict(type='ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_size=4, num_workers=0)
val_dataloader = dict(
    dataset=dict(type='ToyDataset', count=7, noise=0.0),
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    batch_size=4, num_workers=0)
test_dataloader = val_dataloader
val_evaluator = dict(type='ToyError')
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
param_scheduler = [
    dict(type='OneCycleLR', eta_max=0.1, total_steps=12, by_epoch=False),
    dict(type='mmengine.ReduceOnPlateauMomentum', monitor='size', rule='greater', patience=0,
         factor=0.9),
]
"""
