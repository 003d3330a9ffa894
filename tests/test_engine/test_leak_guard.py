"""Ground-truth masks in training pipelines are refused."""

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmseg.datasets import BaseSegDataset
from PIL import Image
from torch.utils.data import Subset

import mmwsss.engine.leak_guard as guard
from mmwsss.engine.leak_guard import GroundTruthLeak, refuse_ground_truth
from mmwsss.stores import StoreMeta, create_store
from tests.test_engine.runs import make_runner


@pytest.fixture
def root(tmp_path):
    """Two photos, their ground truth, and a store with masks of them."""
    store = create_store(tmp_path / 'store', StoreMeta('masks', ('thing',), 'hash'))
    for name in ('a', 'b'):
        for folder, suffix, shape in (('photos', 'jpg', (8, 8, 3)), ('truth', 'png', (8, 8))):
            file = tmp_path / folder / f'{name}.{suffix}'
            file.parent.mkdir(exist_ok=True)
            Image.fromarray(np.zeros(shape, np.uint8)).save(file)
        store.write(name, np.zeros((8, 8), np.uint8))
    return tmp_path


def dataset(root, masks='truth', pipeline=(), **kwargs):
    prefix = {'img_path': 'photos', **({'seg_map_path': masks} if masks else {})}
    return BaseSegDataset(
        data_root=str(root),
        data_prefix=prefix,
        metainfo={'classes': ('background', 'thing'), 'palette': [[0, 0, 0], [9, 9, 9]]},
        pipeline=list(pipeline),
        **kwargs,
    )


def test_ground_truth_is_refused_by_key_folder_and_remedy(root):
    with pytest.raises(GroundTruthLeak) as error:
        refuse_ground_truth(dataset(root))
    text = str(error.value)
    assert 'train_dataloader.dataset.data_prefix.seg_map_path' in text
    assert str(root / 'truth') in text
    assert 'allow_ground_truth_masks=True' in text


def test_a_mask_store_is_fine(root):
    refuse_ground_truth(dataset(root, 'store'))


def test_a_store_of_another_kind_is_not(root):
    create_store(root / 'scores', StoreMeta('scores', ('thing',), 'hash'))
    with pytest.raises(GroundTruthLeak):
        refuse_ground_truth(dataset(root, 'scores'))


def test_no_masks_at_all_is_fine(root):
    refuse_ground_truth(dataset(root, masks=None))


@pytest.mark.parametrize(
    ('wrap', 'key'),
    [
        (lambda good, bad: RepeatDataset(bad, 2), 'dataset.dataset'),
        (lambda good, bad: Subset(bad, [0]), 'dataset.dataset'),
        (lambda good, bad: ConcatDataset([good, bad]), 'dataset.datasets[1]'),
        (
            lambda good, bad: Subset(ConcatDataset([good, good, bad]), [0]),
            'dataset.dataset.datasets[2]',
        ),
    ],
)
def test_wrappers_are_looked_through(root, wrap, key):
    good, bad = dataset(root, 'store'), dataset(root)
    with pytest.raises(GroundTruthLeak, match=r'seg_map_path reads') as error:
        refuse_ground_truth(wrap(good, bad))
    assert f'train_dataloader.{key}.data_prefix' in str(error.value)
    refuse_ground_truth(wrap(good, good))


def test_masks_that_only_samples_name(root):
    class Own(BaseSegDataset):
        def load_data_list(self):
            return [{'img_path': 'a.jpg', 'seg_map_path': str(root / self.folder / 'a.png')}]

    for folder, leak in (('store', False), ('truth', True)):
        Own.folder = folder
        data = Own(data_prefix={'img_path': ''})
        if leak:
            with pytest.raises(GroundTruthLeak, match=r'the mask .*truth/a\.png'):
                refuse_ground_truth(data)
        else:
            refuse_ground_truth(data)


def test_instance_masks(root):
    class Boxes(BaseSegDataset):
        def load_data_list(self):
            return [{'img_path': 'a.jpg', 'instances': [{'bbox': [0, 0, 1, 1], **self.extra}]}]

    Boxes.extra = {}
    refuse_ground_truth(Boxes(data_prefix={'img_path': ''}))
    Boxes.extra = {'mask': [[0, 0, 1, 1, 0, 1]]}
    with pytest.raises(GroundTruthLeak, match='instance masks'):
        refuse_ground_truth(Boxes(data_prefix={'img_path': ''}))


class PasteMasks:
    """A transform that reads a folder."""

    def __init__(self, mask_dir):
        self.mask_dir = str(mask_dir)

    def __call__(self, results):
        return results


def test_transforms_that_read_a_folder(root):
    refuse_ground_truth(dataset(root, None, [PasteMasks(root / 'store')]))
    nested = [PasteMasks(root / 'store'), [PasteMasks(root / 'truth')]]
    data = dataset(root, None, [lambda results: results])
    data.pipeline.transforms += nested
    with pytest.raises(GroundTruthLeak, match=r'pipeline\[2\]\[0\]\.mask_dir \(PasteMasks\)'):
        refuse_ground_truth(data)


def test_allowing_it_is_reported(root, monkeypatch):
    lines = []
    monkeypatch.setattr(guard, 'print_log', lambda text, *args, **kwargs: lines.append(text))
    refuse_ground_truth(dataset(root), allowed=True)
    assert len(lines) == 1
    assert lines[0].startswith('Fully supervised training')


def test_training_asks_the_guard(root):
    loader = dict(
        dataset=dict(
            type='mmseg.BaseSegDataset',
            data_root=str(root),
            data_prefix=dict(img_path='photos', seg_map_path='truth'),
        )
    )
    runner = make_runner(root, f"train_dataloader['dataset'] = {loader['dataset']}\n")
    with pytest.raises(GroundTruthLeak, match='seg_map_path'):
        runner.train()


def test_the_built_in_data_set(tmp_path):
    """Its training photos have masks, for evaluators."""
    from mmwsss.datasets import ShapesDataset

    drawing = {'num_train': 2, 'num_val': 1, 'size': 64}
    data = {'split': 'train', 'data_root': str(tmp_path / 'shapes'), 'drawing': drawing}
    refuse_ground_truth(ShapesDataset(**data, data_prefix={'img_path': 'JPEGImages'}))
    masks = {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClassEval'}
    with pytest.raises(GroundTruthLeak, match='SegmentationClassEval'):
        refuse_ground_truth(ShapesDataset(**data, data_prefix=masks))
