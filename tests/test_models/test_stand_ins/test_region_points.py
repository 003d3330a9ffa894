import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import RegionPointDecoder


def sample(regions, scores, img_id='a'):
    result = SegDataSample(metainfo=dict(img_id=img_id, region_scores=np.float32(scores)))
    result.regions = PixelData(data=torch.as_tensor(regions)[None])
    return result


REGIONS = np.repeat(np.repeat([[0, 1, 2], [3, 1, 2]], 2, 0), 2, 1)  # 4 x 6


def test_masks_are_unions_of_regions_that_are_hit():
    samples = [
        sample(REGIONS, [0, 0.5, 0.25, 0.75]),
        sample(REGIONS[:, ::-1].copy(), [0, 1, 0.5, 0.1]),
    ]
    points = [np.array([[2, 0], [5, 3]]), np.array([[0, 0]]), np.array([[0, 0]])]
    answer = RegionPointDecoder()(torch.zeros(2, 3, 4, 6), samples, [0, 0, 1], points)
    first = (REGIONS == 1) | (REGIONS == 2)
    np.testing.assert_array_equal(answer.masks[0], first)
    assert not answer.masks[1].any(), 'the point lies where no region is'
    np.testing.assert_array_equal(answer.masks[2], REGIONS[:, ::-1] == 2)
    np.testing.assert_array_equal(answer.confidence[0], np.float32([0, 0.5, 0.25, 0.75])[REGIONS])
    assert answer.confidence.dtype == torch.float32


def test_no_prompts():
    answer = RegionPointDecoder()(torch.zeros(1, 3, 4, 6), [sample(REGIONS, [0] * 4)], [], [])
    assert answer.masks.shape == answer.confidence.shape == (0, 4, 6)


def test_sample_without_regions():
    bare = SegDataSample(metainfo=dict(img_id='x/3'))
    with pytest.raises(ValueError, match=r'x/3: no regions; the pipeline needs LoadProposals'):
        RegionPointDecoder()(torch.zeros(1, 3, 4, 6), [bare], [0], [np.zeros((1, 2))])
