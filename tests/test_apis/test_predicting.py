import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmwsss.apis import predicting
from mmwsss.apis.inferencer import WSSSInferencer
from mmwsss.apis.predicting import predict
from mmwsss.datasets import DataError
from mmwsss.stores.arrays import unpack
from tests.conftest import photo
from tests.test_apis.test_inferencer import (
    CAM,
    CLASSES,
    PLAIN,
    SCALES,
    SEGMENTOR,
    make_config,
    save_weights,
)


@pytest.fixture(scope='module')
def cam(tmp_path_factory):
    path = save_weights(CAM, tmp_path_factory.mktemp('cam') / 'cam.pth')
    return WSSSInferencer(make_config(CAM, SCALES), path, device='cpu')


@pytest.fixture(scope='module')
def segmentor(tmp_path_factory):
    path = save_weights(SEGMENTOR, tmp_path_factory.mktemp('seg') / 'seg.pth')
    return WSSSInferencer(make_config(SEGMENTOR, PLAIN), path, device='cpu')


@pytest.fixture
def photos(tmp_path):
    for number, name in enumerate(('a.png', 'b.png', 'deep/a.png', 'a.bmp')):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(32, 40, seed=number)).save(path)
    return tmp_path / 'photos'


def rows(out):
    with open(out / 'predictions.csv', encoding='utf-8-sig', newline='') as file:
        return list(csv.DictReader(file))


def masks(out):
    return {
        path.relative_to(out / 'masks').as_posix(): np.array(Image.open(path))
        for path in sorted((out / 'masks').rglob('*.png'))
    }


def test_segmentor(segmentor, photos, tmp_path):
    out = tmp_path / 'out'
    done = predict(segmentor, [photos], out, overlay=True, batch_size=3)
    assert (done.made, done.kept, done.left_out) == (4, 0, {})
    found = masks(out)
    assert list(found) == ['a.bmp.png', 'a.png.png', 'b.png', 'deep/a.png']
    (expected,) = segmentor(photos / 'b.png')
    np.testing.assert_array_equal(found['b.png'], expected.mask)
    assert Image.open(out / 'masks/b.png').mode == 'P'
    assert Image.open(out / 'overlays/deep/a.jpg').size == (40, 32)
    table = rows(out)
    assert {row['photo'] for row in table} == {'a.png', 'b.png', 'deep/a.png', 'a.bmp'}
    for row in table:
        assert row['score'] == ''
    share = {row['class']: float(row['share']) for row in table if row['photo'] == 'b.png'}
    counted = np.bincount(expected.mask.ravel(), minlength=4) / expected.mask.size
    assert share == {
        name: pytest.approx(counted[k], abs=1e-6)
        for k, name in enumerate(CLASSES)
        if counted[k] or not k
    }


def test_cam_network_with_tags_and_scores(cam, photos, tmp_path):
    (tmp_path / 'tags.csv').write_text('b.png,dog\ndeep/a.png,\n')
    out = tmp_path / 'out'
    predict(cam, [photos], out, tags=tmp_path / 'tags.csv', scores=True, background=0.4)
    (expected,) = cam(photos / 'b.png', [['dog']], background=0.4)
    np.testing.assert_array_equal(masks(out)['b.png'], expected.mask)
    assert not masks(out)['deep/a.png'].any(), 'no tags are other than no row'
    (untagged,) = cam(photos / 'a.bmp', background=0.4)
    np.testing.assert_array_equal(masks(out)['a.bmp.png'], untagged.mask)
    arrays = unpack(out / 'scores/b.npz', {'classes', 'scores', 'size'})
    assert arrays['classes'].tolist() == [1]
    assert arrays['scores'].shape == (1, 8, 10)
    assert arrays['size'].tolist() == [32, 40]
    (dog,) = [row for row in rows(out) if (row['photo'], row['class']) == ('b.png', 'dog')]
    assert float(dog['score']) == pytest.approx(expected.tag_scores['dog'], abs=1e-4)


def test_tags_that_may_be_of_two_photos(cam, photos, tmp_path):
    (tmp_path / 'tags.csv').write_text('b.png,dog\na.png,dog\n')
    with pytest.raises(DataError, match=r'tags.csv: line 2 may be of a.bmp or of a.png'):
        predict(cam, [photos], tmp_path / 'out', tags=tmp_path / 'tags.csv')
    assert not (tmp_path / 'out').exists()


def test_what_is_done_is_kept(cam, photos, tmp_path, monkeypatch):
    out, seen = tmp_path / 'out', []

    def forward(images, *args, real=WSSSInferencer.__call__, **options):
        seen.append(len(images))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(cam, images, *args, **options)

    monkeypatch.setattr(WSSSInferencer, '__call__', lambda self, *a, **k: forward(*a, **k))
    with pytest.raises(KeyboardInterrupt):
        predict(cam, [photos], out, batch_size=1)
    assert len({row['photo'] for row in rows(out)}) == 1, 'the table is written nevertheless'
    with open(out / 'done.jsonl', 'a') as file:
        file.write('{"photo": "b.p')  # cut short
    done = predict(cam, [photos], out, batch_size=1)
    assert (done.made, done.kept) == (3, 1)
    assert len({row['photo'] for row in rows(out)}) == 4
    assert predict(cam, [photos], out).made == 0
    (out / 'masks/b.png').unlink()
    Image.fromarray(photo(40, 32)).save(photos / 'a.bmp')  # changed
    assert predict(cam, [photos], out).made == 2
    assert masks(out)['a.bmp.png'].shape == (40, 32)
    assert predict(cam, [photos], out, overlay=True).made == 4, 'overlays were not there'
    (tmp_path / 'tags.csv').write_text('b.png,dog\n')
    assert predict(cam, [photos], out, overlay=True, tags=tmp_path / 'tags.csv').made == 1


def test_names_stay_when_photos_are_added(segmentor, photos, tmp_path):
    out = tmp_path / 'out'
    (photos / 'a.bmp').rename(tmp_path / 'a.bmp')
    predict(segmentor, [photos], out)
    (tmp_path / 'a.bmp').rename(photos / 'a.bmp')
    assert predict(segmentor, [photos], out).made == 1
    assert list(masks(out)) == ['a.bmp.png', 'a.png', 'b.png', 'deep/a.png']


def test_one_photo(segmentor, photos, tmp_path):
    for path in (photos / 'b.png', str(photos / 'b.png')):
        assert predict(segmentor, path, tmp_path / type(path).__name__).made == 1


def test_other_networks_and_options_are_refused(cam, segmentor, photos, tmp_path):
    out = tmp_path / 'out'
    predict(cam, [photos], out)
    with pytest.raises(DataError, match=r'with other options \(background 0.3 there, 0.5 now\)'):
        predict(cam, [photos], out, background=0.5)
    with pytest.raises(DataError, match='made by another network.*checkpoint_hash'):
        predict(segmentor, [photos], out)
    assert predict(segmentor, [photos], out, overwrite=True).made == 4
    other = tmp_path / 'other/a.png'
    other.parent.mkdir()
    Image.fromarray(photo(8, 8)).save(other)
    with pytest.raises(DataError, match='holds masks of other photos of these names: a.png'):
        predict(segmentor, [other], out)
    with pytest.raises(DataError, match='is no folder of predictions'):
        predict(segmentor, [photos], tmp_path)


def test_broken_photos_are_listed(segmentor, photos, tmp_path):
    (photos / 'broken.png').write_bytes(b'no photo')
    out = tmp_path / 'out'
    done = predict(segmentor, [photos], out, batch_size=2)
    assert done.made == 4
    assert list(done.left_out) == ['broken.png']
    assert 'broken.png' in (out / 'left_out.txt').read_text()
    Image.fromarray(photo(32, 40)).save(photos / 'broken.png')
    done = predict(segmentor, [photos], out)
    assert (done.made, done.kept) == (1, 4)
    assert not (out / 'left_out.txt').exists()


def test_formats_that_are_not_read_are_named(segmentor, photos, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(predicting, 'print_log', lambda text, *_: said.append(text))
    (photos / 'phone.heic').touch()
    done = predict(segmentor, [photos], tmp_path / 'out')
    assert done.made and not done.left_out
    assert len(said) == 1 and '1 photos are passed over' in said[0] and 'phone.heic' in said[0]


def test_photos_that_are_all_broken_end_it(segmentor, tmp_path):
    for number in range(12):
        (tmp_path / f'{number}.jpg').touch()
    with pytest.raises(DataError, match='none of the first 10 photos could be done'):
        predict(segmentor, [tmp_path], tmp_path / 'out')


def test_a_photo_that_the_network_cannot_take(segmentor, photos, tmp_path, monkeypatch):
    bad = np.array(Image.open(photos / 'b.png'))

    def forward(self, images, *args, real=WSSSInferencer.__call__, **options):
        if any((image == bad).all() for image in images if image.shape == bad.shape):
            raise RuntimeError('too small\nfor this network')
        return real(self, images, *args, **options)

    monkeypatch.setattr(WSSSInferencer, '__call__', forward)
    done = predict(segmentor, [photos], tmp_path / 'out')
    assert done.made == 3
    assert done.left_out == {'b.png': 'too small'}


def test_mixed_precision(cam, photos, tmp_path):
    predict(cam, [photos], tmp_path / 'plain', background=0.5)
    predict(cam, [photos], tmp_path / 'amp', background=0.5, amp=True)
    assert json.loads((tmp_path / 'amp/predict.json').read_text())['amp'] is True
    for name, mask in masks(tmp_path / 'plain').items():
        assert (masks(tmp_path / 'amp')[name] == mask).mean() > 0.9
    assert not torch.is_autocast_enabled('cpu')


def test_bad_options(cam, segmentor, photos, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(ValueError, match='scores go with CAM networks'):
        predict(segmentor, [photos], out, scores=True)
    with pytest.raises(ValueError, match='tags go with CAM networks'):
        predict(segmentor, [photos], out, tags='tags.csv')
    with pytest.raises(ValueError, match='found 0 and 0.3'):
        predict(cam, [photos], out, batch_size=0)
    (tmp_path / 'tags.csv').write_text('b.png,cow\n')
    with pytest.raises(DataError, match='no class of the network: cow; its classes are cat, dog'):
        predict(cam, [photos], out, tags=tmp_path / 'tags.csv')
    (tmp_path / 'tags.csv').write_text('image,tags\nz.png,dog\n')
    with pytest.raises(DataError, match='names none of the photos'):
        predict(cam, [photos], out, tags=tmp_path / 'tags.csv')
    assert not out.exists()
