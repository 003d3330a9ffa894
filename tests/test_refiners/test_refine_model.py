import pickle

import numpy as np
import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmseg.structures import SegDataSample

from mmwsss.refiners import PAR, Refiner, SAMVote, Threshold
from mmwsss.refiners.refine_model import refine
from mmwsss.registry import MODELS
from mmwsss.structures import Proposals, Seeds


class WithProposals(Threshold):
    needs_proposals = True


def batch(count=3):
    """Images of different sizes, as pseudo_collate leaves them."""
    rng = np.random.RandomState(0)
    inputs, samples = [], []
    for index in range(count):
        size = (12 + index, 16)
        inputs.append(torch.from_numpy(rng.randint(0, 255, (3, *size), dtype=np.uint8)))
        sample = SegDataSample(metainfo={'img_id': str(index)})
        sample.seeds = Seeds([0, 5], rng.rand(2, 3, 4), size=size)
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


def test_device_refiner_fills_seeds():
    model = MODELS.build(dict(type='RefineModel', refiner=dict(type='PAR', background=0.3)))
    assert not list(model.parameters())
    output = model.store_output()
    assert output.kinds == ('scores',) and output.in_workers is not None
    assert output.refiner['type'] == 'PAR' and output.protocol == {}
    data, plain = batch(), batch()
    for sample, old, image in zip(
        model.test_step(data), plain['data_samples'], plain['inputs'], strict=True
    ):
        expected = PAR(0.3)(image.permute(1, 2, 0).numpy(), old.seeds)
        np.testing.assert_array_equal(sample.seeds.scores, expected.scores)
        np.testing.assert_array_equal(sample.seeds.background, expected.background)


class OnGPU(BaseDataPreprocessor):
    device = torch.device('cuda')


def test_device_refiner_runs_in_workers_where_there_is_no_gpu():
    model = MODELS.build(dict(type='RefineModel', refiner=dict(type='PAR', background=0.3)))
    assert model.refiner.place('cpu') == 'worker' and model.refiner.place('cuda:1') == 'device'
    output = pickle.loads(pickle.dumps(model.store_output()))
    data = batch()
    for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
        (expected,) = model.test_step({'inputs': [image], 'data_samples': [sample.clone()]})
        done = output.in_workers({'inputs': image, 'data_samples': sample})['data_samples']
        del done.seeds
        (out,) = model.test_step({'inputs': [image], 'data_samples': [done]})
        np.testing.assert_array_equal(out.seeds.scores, expected.seeds.scores)
    model.data_preprocessor = OnGPU()
    assert model.store_output().in_workers is None


def test_mask_refiner_fills_the_prediction():
    model = MODELS.build(dict(type='RefineModel', refiner=dict(type='PARLabels')))
    for sample, image in zip(model.test_step(batch()), batch()['inputs'], strict=True):
        data = sample.pred_sem_seg.data
        assert data.dtype == torch.int64 and data.shape == (1, *image.shape[1:])


def test_worker_refiner_runs_in_the_pipeline():
    model = MODELS.build(dict(type='RefineModel', refiner=Threshold(0.5)))
    output = pickle.loads(pickle.dumps(model.store_output()))
    assert output.kinds == ('masks',)
    data = batch()
    for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
        assert output.in_workers({'inputs': image, 'data_samples': sample})['inputs'] is image
        expected = sample.seeds.to_mask(0.5)
        del sample.seeds  # the model takes what the worker has made
        (out,) = model.test_step({'inputs': [image], 'data_samples': [sample]})
        np.testing.assert_array_equal(out.pred_sem_seg.data[0], expected)


def test_missing_inputs_are_named():
    data = batch(1)
    del data['data_samples'][0].seeds
    model = MODELS.build(dict(type='RefineModel', refiner=dict(type='PAR')))
    with pytest.raises(ValueError, match=r"PAR needs what LoadSeeds reads: add dict\(type='LoadSe"):
        model.test_step(data)
    with pytest.raises(ValueError, match='WithProposals needs what LoadProposals reads'):
        model = MODELS.build(dict(type='RefineModel', refiner=WithProposals()))
        model.test_step(batch(1))


def test_nothing_to_train():
    model = MODELS.build(dict(type='RefineModel', refiner=dict(type='PAR')))
    with pytest.raises(ValueError, match="'predict' only, found 'loss'"):
        model(**batch(), mode='loss')


def test_refiners_are_abstract():
    with pytest.raises(TypeError, match='abstract'):
        Refiner()


def test_proposals_of_a_shrunk_photo():
    sample = SegDataSample(metainfo={'ori_shape': (24, 32)})
    scores = np.zeros((1, 24, 32), np.float32)
    scores[0, :12, :20] = 0.9
    sample.seeds = Seeds(np.array([1]), scores)
    mask = np.zeros((1, 12, 16), bool)
    mask[0, :6] = True
    one = {'iou': np.ones(1), 'stability': np.ones(1), 'level': np.zeros(1)}
    sample.proposals = Proposals.from_masks(mask, **one)
    image = torch.zeros((3, 12, 16), dtype=torch.uint8)
    result = refine(SAMVote(0.3, rule='max_iou'), image, sample)
    expected = np.zeros((24, 32), np.uint8)
    expected[:12] = 2  # the whole proposal, at the size of the photo
    np.testing.assert_array_equal(result, expected)
    sample.proposals = Proposals.from_masks(np.ones((1, 24, 32), bool), **one)
    with pytest.raises(ValueError, match='made at 32x24, but max_pixels .* photo to 16x12'):
        refine(SAMVote(0.3, rule='max_iou'), image, sample)


@pytest.mark.parametrize('refiner', [Threshold(0.3), PAR(iterations=1)])
def test_shrunk_photos_give_results_of_the_size_of_the_photo(refiner):
    scores = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)
    seeds = Seeds(np.array([1]), scores, size=(24, 32))
    sample = SegDataSample(metainfo={'ori_shape': (24, 32)})
    sample.seeds = seeds
    image = torch.randint(0, 256, (3, 12, 16), dtype=torch.uint8)
    result = refine(refiner, image, sample)
    if refiner.output == 'seeds':
        assert result.size == (24, 32)
        assert max(result.scores.shape[1:]) <= 16
    else:
        assert result.shape == (24, 32)
        assert result.dtype == np.uint8
        assert (result == seeds.to_mask(0.3)).mean() > 0.95


class Halved(Threshold):
    def __call__(self, image, seeds, proposals=None):
        return super().__call__(image, seeds)[::2, ::2].copy()


def test_photo_of_a_wrong_mask_is_named():
    message = r"photo '0': Halved returned a mask of \(6, 8\) for a photo of \(12, 16\)"
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='RefineModel', refiner=Halved())).test_step(batch(1))


def test_what_the_refiner_says_of_itself_is_checked():
    with pytest.raises(ValueError, match="Halved.output must be 'seeds' or 'mask', found 'masks'"):
        refiner = Halved()
        refiner.output = 'masks'
        MODELS.build(dict(type='RefineModel', refiner=refiner))
