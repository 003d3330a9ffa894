"""A mask stage that runs again keeps what was corrected by hand, and says so beside the number."""

import json

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData

from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput, StoreWriter, open_store
from tests.test_engine.test_loops.test_store_loop import run

ID = '2007_000001'


@MODELS.register_module()
class ConstantMasks(BaseModel, StoreWriter):
    """One class everywhere."""

    def __init__(self, value=1):
        super().__init__()
        self.value = value

    def test_step(self, data):
        for sample in data['data_samples']:
            mask = torch.full((1, *sample.ori_shape), self.value)
            sample.pred_sem_seg = PixelData(data=mask)
        return data['data_samples']

    def forward(self, inputs, data_samples=None, mode='tensor'):
        raise NotImplementedError

    def store_output(self):
        return StoreOutput(('masks',))


EXTRA = """
model = dict(type='ConstantMasks', value={value})
test_cfg = dict(type='StoreTestLoop', kind='masks', overwrite={overwrite})
test_evaluator = dict(type='MaskMetric')
"""


def extra(value=1, overwrite=False):
    return EXTRA.format(value=value, overwrite=overwrite)


def protocol(folder):
    return json.loads((folder / 'out/metrics.json').read_text())['protocol']


def test_corrected_masks_survive_every_rerun(tmp_path, tiny_voc):
    run(tmp_path, tiny_voc, extra=extra())
    assert 'corrected_by_hand' not in protocol(tmp_path)
    store = open_store(tmp_path / 'out/masks', 'masks')
    mask = np.full_like(store[ID], 5)
    store.correct({ID: mask}, 'coco')
    store.close()
    (tmp_path / 'out/masks/2007_000002.png').unlink()
    run(tmp_path, tiny_voc, extra=extra())
    assert (store['2007_000002'] == 1).all() and (store[ID] == 5).all()
    assert protocol(tmp_path)['corrected_by_hand'] == 1
    run(tmp_path, tiny_voc, extra=extra(value=2, overwrite=True))
    assert (store['2007_000002'] == 2).all() and (store[ID] == 5).all()
    assert list(store.corrections.read()) == [ID]
