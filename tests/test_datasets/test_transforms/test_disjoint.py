import numpy as np
import pytest
import torch

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.transforms import LoadDisjoint


@pytest.fixture
def config(tiny_shapes):
    pipeline = [dict(type='LoadImage'), dict(type='RandomCropPad', size=32)]
    return {**tiny_shapes, 'split': 'train', 'pipeline': pipeline}


def sample(transform, index=0):
    return dict(img_id=f'photo{index}', gt_label=transform.tags[index])


def test_shares_no_class_and_repeats(config):
    transform = LoadDisjoint(config, batches=2, batch_size=3)
    results = transform(sample(transform))
    assert results['disjoint'].shape == (2, 3, 3, 32, 32)
    assert results['disjoint'].dtype == torch.uint8
    assert not (results['disjoint_tags'] @ torch.from_numpy(transform.tags[0])).any()
    again = LoadDisjoint(config, batches=2, batch_size=3)(sample(transform))
    assert torch.equal(results['disjoint'], again['disjoint'])
    other = transform({**sample(transform), 'img_id': 'other'})
    assert not torch.equal(results['disjoint'], other['disjoint'])


def test_says_where_the_photos_are(config):
    """Padding is on the canvas, mirrored with the photo; a pipeline without any has whole ones."""
    config['pipeline'] = [
        dict(type='LoadImage'),
        dict(type='RandomResizeLong', low=20, high=30),
        dict(type='RandomCropPad', size=40),
        dict(type='RandomFlip', prob=1),
    ]
    transform = LoadDisjoint(config, batches=2, batch_size=3)
    results = transform(sample(transform))
    for image, box in zip(
        results['disjoint'].flatten(0, 1), results['disjoint_boxes'].flatten(0, 1), strict=True
    ):
        top, left, bottom, right = box.tolist()
        assert max(bottom - top, right - left) in range(20, 31)
        outside = image.clone()
        outside[:, top:bottom, left:right] = 0
        assert not outside.any() and image[:, top, left:right].any()
    config['pipeline'] = [dict(type='LoadImage'), dict(type='RandomResizedCrop', size=24)]
    whole = LoadDisjoint(config, batches=1, batch_size=2)
    assert whole(sample(whole))['disjoint_boxes'].tolist() == [[[0, 0, 24, 24]] * 2]


def test_few_photos_come_again(config):
    transform = LoadDisjoint(config, batches=1, batch_size=30)
    assert len(transform(sample(transform))['disjoint'][0]) == 30


def test_no_photo_is_left(config):
    transform = LoadDisjoint(config)
    with pytest.raises(DataError, match="shares a class with 'photo0': give it a larger one"):
        transform({**sample(transform), 'gt_label': np.ones(transform.tags.shape[1], np.float32)})


def test_bad_input(config):
    with pytest.raises(ValueError, match='at least 1, found 0 and 20'):
        LoadDisjoint(config, batches=0)
    transform = LoadDisjoint(config)
    with pytest.raises(DataError, match='classes, that of'):
        transform(dict(img_id='x', gt_label=np.ones(3, np.float32)))
