"""Proposals of SAM's tools and of published repositories become proposal stores."""

import json
import os
import pickle

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


AMG_TABLE = """id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,\
predicted_iou,stability_score,crop_box_x0
0,4,0,0,2,2,1,1,0.75,0.5,0
1,9,1,1,3,3,2,2,0.25,1.0,0
"""


def amg_folder(source, table=AMG_TABLE):
    folder = source / 'x'
    folder.mkdir()
    (folder / 'metadata.csv').write_text(table)
    masks = np.zeros((2, 5, 7), np.uint8)
    masks[0, :2, :2], masks[1, 1:4, 1:4] = 255, 255
    for number, mask in enumerate(masks):
        Image.fromarray(mask).save(folder / f'{number}.png')
    return masks > 0


def test_folders_of_amg(source):
    masks = amg_folder(source)
    proposals = load(source, 'amg-png')
    np.testing.assert_array_equal(proposals.masks(), masks)
    assert proposals.iou.tolist() == [0.75, 0.25] and proposals.stability.tolist() == [0.5, 1]


@pytest.mark.parametrize(
    ('table', 'message'),
    [
        (AMG_TABLE + '2,1,0,0,1,1,1,1,1,1,0', r'2\.png: .*No such file'),
        (AMG_TABLE.replace('0.75', 'high'), 'predicted_iou is a number'),
        (AMG_TABLE.replace('id,', 'number,'), 'a column id of whole numbers'),
        (AMG_TABLE.replace('\n0,', '\n../0,'), 'a column id of whole numbers'),
    ],
)
def test_damaged_folders_of_amg(source, table, message):
    amg_folder(source, table)
    with pytest.raises(StoreError, match=message):
        load(source, 'amg-png')


class Records(list):
    """A list of a repository's own, as FMA-WSSS pickles it."""


def pickled(protocol, name, attributes):
    records = Records(
        dict(
            segmentation=uncompressed(mask),
            predicted_iou=np.float64(0.9 - k / 10),
            stability_score=0.95,
            level=2 - k,
            bbox=[0, 0, 1, 1],
            segmentation_mode='rle',
        )
        for k, mask in enumerate(MASKS)
    )
    if attributes:
        records.note = {'points': 32}
    data = pickle.dumps(records, protocol)
    own = Records.__module__
    assert own.encode() in data
    if protocol < 4:  # names end with a line there, their length is free
        data = data.replace(own.encode(), name.encode())
    return data


@pytest.mark.parametrize('attributes', [False, True])
@pytest.mark.parametrize('protocol', [0, 1, 2, 3, 4, 5])
def test_fma_pickles(source, protocol, attributes):
    """The class of the list is nowhere to be found, and is not asked for."""
    (source / 'x.pkl').write_bytes(pickled(protocol, 'not_there.at_all', attributes))
    proposals = load(source, 'fma-sam')
    np.testing.assert_array_equal(proposals.masks(), MASKS)
    np.testing.assert_allclose(proposals.iou, [0.9, 0.8], atol=1e-6)
    assert proposals.level.tolist() == [2, 1]


class Harm:
    def __reduce__(self):
        return os.system, ('touch harmed',)


class Tuple(tuple):
    """Not a list."""


@pytest.mark.parametrize('content', [Harm(), [Harm()], Records([Harm()]), Tuple([1])])
def test_fma_pickles_of_anything_else(source, content, monkeypatch):
    monkeypatch.chdir(source)
    (source / 'x.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(StoreError, match='neither an array nor a list|cannot be read'):
        load(source, 'fma-sam')
    assert not (source / 'harmed').exists()
