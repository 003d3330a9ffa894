"""Proposals of SAM's tools and of published repositories become proposal stores."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as mask_api

from mmwsss.stores import StoreError
from mmwsss.stores.foreign import import_folder

MASKS = np.zeros((2, 5, 7), bool)
MASKS[0, 1:3, 2:5], MASKS[1, 2:5, 4:] = True, True


@pytest.fixture
def source(tmp_path):
    (tmp_path / 'source').mkdir()
    Image.new('RGB', (7, 5)).save(tmp_path / 'x.jpg')
    return tmp_path / 'source'


def load(source, fmt):
    options = dict(classes=('cat',), image_folder=source.parent)
    return import_folder(source, fmt, source.parent / 'out', **options)['x']


def compressed(mask):
    code = mask_api.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {'size': list(mask.shape), 'counts': code['counts'].decode()}


def uncompressed(mask):
    flat = mask.T.ravel()
    borders = np.flatnonzero(np.diff(np.r_[False, flat].astype(int)))
    return {'size': list(mask.shape), 'counts': np.diff(np.r_[0, borders, flat.size]).tolist()}


@pytest.mark.parametrize('code', [compressed, uncompressed])
@pytest.mark.parametrize('wrapped', [False, True])
def test_amg_records(source, code, wrapped):
    records = [
        dict(segmentation=code(mask), predicted_iou=0.9 - k / 10, stability_score=0.95, level=k)
        for k, mask in enumerate(MASKS)
    ]
    content = {'image': {'file_name': 'x.jpg'}, 'annotations': records} if wrapped else records
    (source / 'x.json').write_text(json.dumps(content))
    proposals = load(source, 'amg')
    np.testing.assert_array_equal(proposals.masks(), MASKS)
    np.testing.assert_allclose(proposals.iou, [0.9, 0.8], atol=1e-6)
    assert proposals.level.tolist() == [0, 1]
    assert proposals.boxes.tolist() == [[2, 1, 5, 3], [4, 2, 7, 5]]


def test_an_image_without_proposals(source):
    (source / 'x.json').write_text('[]')
    assert load(source, 'amg').size == (5, 7)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'a': 1}, 'a list of records'),
        ([{'segmentation': {'size': [5, 7], 'counts': [3]}}], 'record 0: its runs code 3 pixels'),
        ([{'segmentation': {'size': [7, 5], 'counts': [35]}}], 'for 7x5 pixels'),
        ([{'segmentation': {'size': [5, 7], 'counts': [35]}, 'predicted_iou': 'x'}],
         'predicted_iou is a number'),
        ([{}], 'record 0: a run-length code has size'),
    ],
)  # fmt: skip
def test_bad_records(source, content, message):
    (source / 'x.json').write_text(json.dumps(content))
    with pytest.raises(StoreError, match=message):
        load(source, 'amg')


def test_segment_maps_come_back_as_they_were(source):
    ids = np.random.default_rng(0).choice([-1, 0, 2, 5], (5, 7))
    np.save(source / 'x.npy', ids)
    proposals = load(source, 'se')
    assert len(proposals) == 6
    np.testing.assert_array_equal(proposals.label_map(), ids)
    (source.parent / 'out/x.npz').unlink()
    np.save(source / 'x.npy', ids - 1)
    with pytest.raises(StoreError, match=r'ids -1 and up are expected, found -2\.\.4'):
        load(source, 'se')
