from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope

from mmwsss.engine import StageFailed
from mmwsss.engine.hooks import MeanDisplacementHook
from mmwsss.engine.runner import WSSSRunner
from mmwsss.models import IRNet, WSSSDataPreprocessor

PIPELINE = [
    dict(type='LoadImage'),
    dict(type='TopLeftCropPad', size=64),
    dict(type='PackTagged'),
]


class FakeRunner(SimpleNamespace):
    """What the hook asks of a runner."""

    build_dataloader = staticmethod(WSSSRunner.build_dataloader)


@pytest.fixture
def model():
    init_default_scope('mmwsss')
    torch.manual_seed(0)
    backbone = dict(
        type='mmpretrain.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=8,
        base_channels=8,
        strides=(1, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(2,),
    )
    preprocessor = WSSSDataPreprocessor()
    options = dict(in_channels=(8, 8, 16, 32), strides=(4, 4, 8, 8))
    return IRNet(backbone, data_preprocessor=preprocessor, **options).train()


def run(model, dataset, epoch, batch_size=5):
    loader = dict(
        batch_size=batch_size,
        drop_last=True,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset={**dataset, 'split': 'train', 'pipeline': PIPELINE, 'test_mode': True},
    )
    runner = FakeRunner(model=model, epoch=epoch, max_epochs=3, seed=0)
    hook = MeanDisplacementHook(loader)
    hook.before_train(runner)
    hook.after_train_epoch(runner)
    return WSSSRunner.build_dataloader(loader)


def test_mean_of_batches_after_the_last_epoch(model, tiny_shapes):
    model.disp.mean.fill_(9)
    loader = run(model, tiny_shapes, epoch=2)
    means = []
    for data in loader:
        inputs = model.data_preprocessor(data)['inputs']
        with torch.no_grad():  # training mode: nothing is subtracted
            means.append(model.disp(model.features(inputs)).mean((0, 2, 3)))
    assert len(means) == 2
    assert model.training
    torch.testing.assert_close(model.disp.mean, torch.stack(means).mean(0))


def test_not_before(model, tiny_shapes):
    run(model, tiny_shapes, epoch=0)
    assert not model.disp.mean.any()


def test_no_whole_batch_is_told_before_training(model, tiny_shapes):
    with pytest.raises(StageFailed, match='12 photos do not fill a batch of 100.*drop_last=False'):
        run(model, tiny_shapes, epoch=0, batch_size=100)
