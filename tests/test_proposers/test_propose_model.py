import pickle

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.proposers import Proposer, RegionProposer
from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput
from mmwsss.structures import Proposals
from tests.conftest import photo


class OneBox(Proposer):
    runs_in = 'device'

    def __call__(self, image):
        masks = np.zeros((1, *image.shape[:2]), bool)
        masks[0, 2:6, 3:9] = image.max() > 0
        return Proposals.from_masks(masks, iou=[0.5], stability=[0.5], level=[0])

    def protocol(self):
        return {'type': 'OneBox'}


def batch():
    images = [photo(20 + i, 24, i) for i in range(2)]
    samples = [SegDataSample(metainfo={'img_id': str(i)}) for i in range(2)]
    inputs = [torch.from_numpy(image).permute(2, 0, 1) for image in images]
    return images, {'inputs': inputs, 'data_samples': samples}


def test_device_proposer_runs_in_the_model():
    model = MODELS.build(dict(type='ProposeModel', proposer=OneBox()))
    assert not list(model.parameters())
    expected = StoreOutput(('proposals',), {'proposer': {'type': 'OneBox'}})
    assert model.store_output() == expected
    images, data = batch()
    for image, sample in zip(images, model.test_step(data), strict=True):
        assert sample.proposals.size == image.shape[:2]
        np.testing.assert_array_equal(sample.proposals.boxes, [[3, 2, 9, 6]])


def test_worker_proposer_runs_in_the_pipeline():
    model = MODELS.build(dict(type='ProposeModel', proposer=dict(type='RegionProposer')))
    in_workers = pickle.loads(pickle.dumps(model.store_output().in_workers))
    images, data = batch()
    for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
        assert in_workers({'inputs': image, 'data_samples': sample})['data_samples'] is sample
    made = [sample.proposals for sample in data['data_samples']]
    assert [sample.proposals for sample in model.test_step(data)] == made  # the very objects
    expected = RegionProposer()(images[0])
    np.testing.assert_array_equal(made[0].rle_counts, expected.rle_counts)


def test_nothing_to_train():
    with pytest.raises(ValueError, match="'predict' only, found 'loss'"):
        MODELS.build(dict(type='ProposeModel', proposer=OneBox()))(**batch()[1], mode='loss')


def test_proposer_has_its_own_precision():
    class Exact(OneBox):
        def propose(self, images):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
            return super().propose(images)

    model = MODELS.build(dict(type='ProposeModel', proposer=Exact()))
    with torch.autocast('cpu', torch.bfloat16):
        assert all('proposals' in sample for sample in model.test_step(batch()[1]))
