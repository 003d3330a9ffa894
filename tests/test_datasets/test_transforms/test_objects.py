import random

import numpy as np
import pytest

from mmwsss.datasets.transforms import ObjectsFromMask


def mask():
    result = np.zeros((40, 60), np.uint8)
    result[4:12, 6:30], result[20:30, 40:50], result[0] = 1, 2, 255
    result[20:30, 0:12], result[35, 35] = 1, 2
    return result


def test_objects_and_boxes():
    done = ObjectsFromMask(jitter=0.0)({'gt_seg_map': mask()})
    boxes = np.round(done['prompts'].pixels((40, 60))).astype(int)
    assert boxes.tolist() == [[6, 4, 30, 12], [0, 20, 12, 30], [40, 20, 50, 30]]
    assert done['prompts'].classes.tolist() == [0, 0, 1], 'a pixel alone is too small'
    for number, (x1, y1, x2, y2) in enumerate(boxes, 1):
        assert (done['objects'][y1:y2, x1:x2] == number).all()
    assert done['objects'].max() == 3 and done['aligned'] == {'objects': 0}


def test_jitter_and_limit():
    random.seed(0)
    done = ObjectsFromMask(jitter=0.2, limit=2)({'gt_seg_map': mask()})
    assert len(done['prompts']) == 2 and done['objects'].max() == 2
    assert (done['prompts'].boxes[:, 2:] > done['prompts'].boxes[:, :2]).all()
    empty = ObjectsFromMask()({'gt_seg_map': np.zeros((9, 9), np.uint8)})
    assert len(empty['prompts']) == 0 and not empty['objects'].any()
    with pytest.raises(ValueError, match='limit >= 1 are expected'):
        ObjectsFromMask(limit=0)
