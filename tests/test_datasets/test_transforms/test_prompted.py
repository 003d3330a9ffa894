import random

import numpy as np
import pytest

from mmwsss.datasets.transforms import Co2SAMViews, ToSAMFrame
from mmwsss.datasets.transforms.prompted import frame_size, strong
from mmwsss.structures import BoxPrompts
from tests.conftest import photo

PROMPTS = BoxPrompts([[0.1, 0.2, 0.4, 0.9]], [0.5], [1], (24, 32))


def results(**values):
    return dict(
        img=photo(),
        img_id='a',
        img_path='a.jpg',
        ori_shape=(24, 32),
        gt_label=np.zeros(2),
        **values,
    )


@pytest.mark.parametrize(
    'size, expected',
    [
        ((375, 500), (768, 1024)),
        ((500, 333), (1024, 682)),
        ((75, 113), (680, 1024)),
        ((1, 3000), (1, 1024)),
    ],
)
def test_frame(size, expected):
    assert frame_size(size, 1024, keep_ratio=True) == expected
    assert frame_size(size, 1024, keep_ratio=False) == (1024, 1024)


def test_to_frame_leaves_maps_alone():
    mask = np.zeros((24, 32), np.uint8)
    done = ToSAMFrame(side=64)(results(gt_seg_map=mask, aligned={'gt_seg_map': 255}))
    assert done['img'].shape == (48, 64, 3) and done['img_shape'] == (48, 64)
    assert done['gt_seg_map'].shape == (24, 32) and done['ori_shape'] == (24, 32)


@pytest.mark.parametrize('keep_ratio', [False, True])
def test_views(keep_ratio):
    random.seed(0)
    transform = ToSAMFrame(side=64, keep_ratio=keep_ratio)
    plain = transform(results())['img'].astype(int)
    seen = set()
    for _ in range(24):
        done = Co2SAMViews(side=64, keep_ratio=keep_ratio)(results(prompts=PROMPTS))
        weak, changed = done['imgs']
        assert weak.shape == changed.shape == plain.shape and done['img_shape'] == plain.shape[:2]
        direction = done['flip_direction']
        rows = -1 if direction in ('vertical', 'diagonal') else 1
        columns = -1 if direction in ('horizontal', 'diagonal') else 1
        assert np.abs(weak[::rows, ::columns] - plain).max() <= 1, 'a flip, up to rounding'
        x1, y1, x2, y2 = done['prompts'].boxes[0]
        box = [1 - x2, 1 - x1] if columns < 0 else [x1, x2]
        np.testing.assert_allclose(box, [0.1, 0.4], atol=1e-6)
        box = [1 - y2, 1 - y1] if rows < 0 else [y1, y2]
        np.testing.assert_allclose(box, [0.2, 0.9], atol=1e-6)
        seen.add(direction)
    assert seen == set(Co2SAMViews.DIRECTIONS)


def test_boxes_stay_as_published():
    random.seed(3)
    transform = Co2SAMViews(side=32, flip_prompts=False)
    done = [transform(results(prompts=PROMPTS)) for _ in range(8)]
    assert any(d['flip'] for d in done)
    assert all((d['prompts'].boxes == PROMPTS.boxes).all() for d in done)


def test_strong_view_is_seeded_and_every_step_happens():
    image = photo(40, 50)
    random.seed(1)
    first = [strong(image) for _ in range(12)]
    random.seed(1)
    second = [strong(image) for _ in range(12)]
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert len({a.tobytes() for a in first}) > 8
    assert all(a.shape == image.shape and a.dtype == np.uint8 for a in first)


def test_bad_options():
    for transform in (ToSAMFrame, Co2SAMViews):
        with pytest.raises(ValueError, match='side is at least 1, found 0'):
            transform(side=0)
