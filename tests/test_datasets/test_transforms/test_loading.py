import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import ImageError
from mmwsss.datasets.transforms import LoadImage, LoadMask
from tests.conftest import photo


def test_image_and_mask(results):
    results = LoadMask()(LoadImage()(results))
    np.testing.assert_array_equal(results['img'], photo())
    assert results['ori_shape'] == results['img_shape'] == (24, 32)
    assert (results['gt_seg_map'] == 2).all() and results['aligned'] == {'gt_seg_map': 255}
    assert results['seg_fields'] == ['gt_seg_map']


def test_no_mask(results):
    del results['seg_map_path']
    with pytest.raises(ImageError, match=r"image 'a' has no mask.*LoadMask\(required=False\)"):
        LoadMask()(LoadImage()(dict(results)))
    assert 'gt_seg_map' not in LoadMask(required=False)(LoadImage()(dict(results)))


def test_masks_of_other_classes_or_sizes(results, tmp_path):
    results['gt_label'] = np.float32([1])
    with pytest.raises(ImageError, match=r'values \[2\] are no class; 0\.\.1 and 255'):
        LoadMask()(LoadImage()(dict(results)))
    results['gt_label'] = np.float32([0, 1])
    Image.fromarray(photo(32, 24)).save(tmp_path / 'a.png')
    with pytest.raises(ImageError, match='the mask is 24x32'):
        LoadMask()(LoadImage()(results))
