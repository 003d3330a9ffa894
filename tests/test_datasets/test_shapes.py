import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from mmwsss.datasets import DataError, ShapesDataset
from mmwsss.datasets.shapes import ShapesDrawing, draw_shapes
from mmwsss.datasets.shapes_blueprints import CLASS_SETS
from mmwsss.datasets.shapes_drawing import draw_photo
from mmwsss.registry import DATASETS

SMALL = ShapesDrawing(seed=3, num_train=3, num_val=2, size=96)


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob('*') if p.is_file()
    }


def test_layout_and_tags(tiny_shapes):
    for split, count in (('train', 12), ('val', 6)):
        prefix = {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClassEval'}
        pipeline = [{'type': 'LoadImage'}, {'type': 'LoadMask'}, {'type': 'PackTagged'}]
        dataset = DATASETS.build(
            {**tiny_shapes, 'split': split, 'data_prefix': prefix, 'pipeline': pipeline}
        )
        assert len(dataset) == count and dataset.num_tags == 6
        for sample in (dataset[i]['data_samples'] for i in range(count)):
            assert max(sample.ori_shape) == 96 and min(sample.ori_shape) >= 72
            values = np.unique(sample.gt_sem_seg.data)
            tags = np.flatnonzero(sample.gt_label) + 1
            assert values[(values > 0) & (values < 255)].tolist() == tags.tolist() != []
            assert values[-1] == 255


def test_masks_are_not_where_voc_training_looks(tiny_shapes):
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train'})
    assert 'seg_map_path' not in dataset.get_data_info(0)


def test_same_seed_same_photos_for_every_number(tmp_path):
    draw_shapes(tmp_path / 'a', SMALL)
    draw_shapes(tmp_path / 'b', SMALL)
    assert content(tmp_path / 'a') == content(tmp_path / 'b')
    draw_shapes(tmp_path / 'c', replace(SMALL, num_train=4))
    more = content(tmp_path / 'c')
    photos = [name for name in content(tmp_path / 'a') if name.endswith(('jpg', 'png'))]
    assert all(more[name] == content(tmp_path / 'a')[name] for name in photos)
    draw_shapes(tmp_path / 'd', replace(SMALL, seed=4))
    assert content(tmp_path / 'd')['JPEGImages/val_00000.jpg'] != more['JPEGImages/val_00000.jpg']
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith('.')) == list('abcd')


def test_other_settings_are_refused(tmp_path):
    draw_shapes(tmp_path / 'a', SMALL)
    with pytest.raises(DataError, match=r"drawn with .*'seed': 3.*'seed': 5.* is asked.*delete"):
        draw_shapes(tmp_path / 'a', replace(SMALL, seed=5))
    (tmp_path / 'b').mkdir()
    (tmp_path / 'b/mine.txt').touch()
    with pytest.raises(DataError, match=r'no meta\.json'):
        draw_shapes(tmp_path / 'b', SMALL)
    assert (tmp_path / 'b/mine.txt').exists()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'class_set': 'birds'}, "class_set 'birds' is none of main, other"),
        ({'size': 10}, 'size >= 64'),
        ({'num_val': 0}, 'at least one photo'),
    ],
)
def test_bad_drawings(options, message):
    with pytest.raises(DataError, match=message):
        ShapesDrawing(**options)


def test_bad_split(tmp_path):
    with pytest.raises(DataError, match="split='train'|'val' or ann_file, found 'test'"):
        ShapesDataset(split='test', data_root=str(tmp_path))


def test_processes_at_once(tmp_path):
    context = multiprocessing.get_context('fork')
    jobs = [context.Process(target=draw_shapes, args=(tmp_path / 'a', SMALL)) for _ in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0, 0]
    assert json.loads((tmp_path / 'a/meta.json').read_text())['seed'] == 3
    assert not list(tmp_path.glob('*.tmp')) and not list(tmp_path.glob('.*.tmp'))


def test_an_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr('mmwsss.datasets.shapes.draw_photo', fail)
    with pytest.raises(KeyboardInterrupt):
        draw_shapes(tmp_path / 'a', SMALL)
    assert not (tmp_path / 'a').exists() and not list(tmp_path.glob('.*.tmp'))


@pytest.mark.parametrize('class_set', CLASS_SETS)
def test_photos(class_set):
    classes = CLASS_SETS[class_set]
    seen = set()
    for index in range(40):
        image, mask = draw_photo(np.random.default_rng(index), class_set, 112)
        assert image.shape == (*mask.shape, 3) and image.dtype == mask.dtype == np.uint8
        assert image.std() > 8
        values = set(np.unique(mask)) - {0, 255}
        assert values and max(values) <= len(classes)
        seen |= values
        inside = ndimage.minimum_filter(mask, 3), ndimage.maximum_filter(mask, 3)
        touching = (inside[0] != inside[1]) & (mask > 0) & (mask < 255) & (inside[1] < 255)
        assert not touching.any(), 'two regions meet without a border'
    assert len(seen) == len(classes)


def test_boats_come_with_water_and_class_sets_are_disjoint():
    assert not set(CLASS_SETS['main']) & set(CLASS_SETS['other'])
    assert [name for name, b in CLASS_SETS['main'].items() if b.floats] == ['boat']


def test_masks_are_palette_images(tiny_shapes):
    dataset = DATASETS.build({**tiny_shapes, 'split': 'val'})
    with Image.open(f'{dataset.data_root}/SegmentationClassEval/{dataset.ids[0]}.png') as image:
        assert image.mode == 'P'
