"""A store stage without weights: seeds that depend on the pixels alone."""

import time

import numpy as np
from mmengine.model import BaseModel

from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


@MODELS.register_module()
class BrightnessSeeds(BaseModel, StoreWriter):
    """The brightness of a photo as the score of each of its tags."""

    def __init__(self, gain=1.0, seconds=0.0, offset=0.0):
        super().__init__()
        self.gain, self.seconds, self.offset = gain, seconds, offset

    def forward(self, inputs, data_samples, mode='predict'):
        for image, sample in zip(inputs, data_samples, strict=True):
            time.sleep(self.seconds)
            tags = np.flatnonzero(sample.gt_label.numpy())
            map_ = (image.float().mean(0) / 255 * self.gain).clamp(0, 1).numpy()
            maps = np.repeat(map_[None], len(tags), 0) + self.offset
            sample.seeds = Seeds(tags, maps, size=sample.ori_shape)
        return data_samples

    def test_step(self, data):
        return self(**data)

    def store_output(self):
        return StoreOutput(('scores',), {'gain': self.gain})


CONFIG = """
_base_ = {base!r}
custom_imports = dict(imports=['tests.test_engine.test_loops.toy_stage'])
model = dict(type='BrightnessSeeds')
test_dataloader = dict(
    batch_size=2,
    num_workers={workers},
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCTaggedDataset', data_root={root!r},
        ann_file='ImageSets/Segmentation/train.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        tags=dict(source='list', path='image_labels.txt'),
        pipeline=[dict(type='LoadImage'), dict(type='PackTagged')], test_mode=True))
test_evaluator = dict(type='SeedMetric')
test_cfg = dict(type='StoreTestLoop', kind='scores', stride=1, dtype='float32')
"""
