import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as mask_api

from mmwsss.stores.coco_rle import coco_mask


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_equals_the_api(mask):
    code = mask_api.encode(np.asfortranarray(mask.astype(np.uint8)))
    np.testing.assert_array_equal(coco_mask(code), mask)
    np.testing.assert_array_equal(coco_mask({**code, 'counts': code['counts'].decode()}), mask)
    flat = mask.T.ravel()
    borders = np.flatnonzero(np.diff(np.r_[False, flat, not flat[-1]]))
    assert coco_mask({'size': mask.shape, 'counts': np.diff(np.r_[0, borders]).tolist()}).any() == (
        mask.any()
    )


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        (None, 'has size and counts'),
        ({'size': [2, 3], 'counts': '='}, 'its runs code 13 pixels, the image has 6'),
        ({'size': [2, 3], 'counts': [1, 2]}, 'its runs code 3 pixels'),
        ({'size': [2, 3], 'counts': [8, -2]}, 'damaged'),
        ({'size': [2, 3], 'counts': 'é'}, 'is no character'),
        ({'size': [2, 3], 'counts': 'o'}, 'cut short'),
        ({'size': [2, 3], 'counts': [[1, 2]]}, 'counts are whole numbers'),
        ({'size': 6, 'counts': [6]}, r'size is \[height, width\]'),
        ({'size': [3, 2], 'counts': [6]}, 'for 3x2 pixels .*, the image has 2x3'),
    ],
)
def test_damaged_codes(code, message):
    with pytest.raises(ValueError, match=message):
        coco_mask(code, (2, 3))
