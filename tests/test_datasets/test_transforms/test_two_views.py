"""Two views of a photo."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mmwsss.datasets.transforms import TwoViews
from mmwsss.engine.leak_guard import GroundTruthLeak, refuse_ground_truth
from mmwsss.registry import DATASETS, MODELS, TRANSFORMS
from tests.conftest import photo

FLIP = dict(type='RandomFlip', prob=1.0)
CROP = dict(type='RandomResizedCrop', size=16, area=(0.3, 0.5))


def test_independent_views():
    torch.manual_seed(0)
    results = TwoViews(weak=[FLIP], strong=[FLIP, FLIP])(dict(img=photo()))
    weak, strong = results['imgs']
    assert np.array_equal(weak, photo()[:, ::-1]) and np.array_equal(strong, photo())
    assert np.array_equal(results['img'], photo()) and 'flip' not in results
    weak, strong = TwoViews(weak=[CROP], strong=[CROP])(dict(img=photo()))['imgs']
    assert weak.shape == strong.shape and not np.array_equal(weak, strong)


def test_to_the_network():
    pack = TRANSFORMS.build(dict(type='PackTagged'))
    transform = TRANSFORMS.build(dict(type='TwoViews', weak=[CROP], strong=[CROP, FLIP]))
    samples = [
        pack(transform(dict(img=photo(seed=n), gt_label=np.ones(2, np.float32)))) for n in range(3)
    ]
    preprocessor = MODELS.build(dict(type='WSSSDataPreprocessor'))
    batch = preprocessor(pseudo_collate(samples), training=True)
    assert [view.shape for view in batch['inputs']] == [(3, 3, 16, 16)] * 2
    assert len(batch['data_samples']) == 3


def test_a_view_needs_transforms():
    with pytest.raises(ValueError, match='found 0 of the weak and 1 of the strong one'):
        TwoViews(weak=[], strong=[FLIP])


class ReadsMasks:
    def __init__(self, folder):
        self.mask_folder = str(folder)

    def __call__(self, results):
        return results


@pytest.mark.parametrize('view', ['weak', 'strong'])
def test_the_leak_guard_looks_into_the_views(view, tmp_path, tiny_shapes):
    dataset = DATASETS.build(dict(tiny_shapes, split='train'))
    views = dict(weak=[FLIP], strong=[FLIP]) | {view: [FLIP, ReadsMasks(tmp_path)]}
    dataset.pipeline.transforms.append(TwoViews(**views))
    with pytest.raises(GroundTruthLeak, match='ReadsMasks'):
        refuse_ground_truth(dataset)
