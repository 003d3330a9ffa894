"""``clip_cam``: maps of any text on any photo."""

import numpy as np
import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.apis import clip_cam
from tests.conftest import photo
from tests.test_models.test_clip.tiny_clip import SIZES, tiny_clip


@pytest.fixture
def weights(tmp_path):
    torch.save(tiny_clip().module.state_dict(), tmp_path / 'clip.pt')
    return tmp_path / 'clip.pt'


@pytest.mark.parametrize('threshold', [0.4, None])
def test_maps(weights, threshold):
    image = photo()
    maps = clip_cam(image, ['cat', 'a red car'], weights, arch=SIZES, threshold=threshold)
    assert maps.shape == (2, *image.shape[:2]) and maps.dtype == np.float32
    assert maps.min() >= 0 and maps.max() <= 1
    assert not np.allclose(maps[0], maps[1])


def test_one_text(weights):
    maps = [clip_cam(photo(), texts, weights, arch=SIZES) for texts in ('cat', ['cat'])]
    assert len(maps[0]) == 1 and np.array_equal(*maps)


def test_refused(weights):
    image = photo()
    with pytest.raises(ValueError, match='sizes that nobody has published: give arch'):
        clip_cam(image, ['cat'], weights)
    with pytest.raises(ValueError, match='a CLIP of other sizes'):
        clip_cam(image, ['cat'], weights, arch='ViT-B-16-quickgelu')
    with pytest.raises(ValueError, match='one or more different texts'):
        clip_cam(image, ['cat', 'cat'], weights, arch=SIZES)
    with pytest.raises(ValueError, match='one or more different texts'):
        clip_cam(image, [], weights, arch=SIZES)
    with pytest.raises(ValueError, match=r'an RGB image \(H, W, 3\) of uint8'):
        clip_cam(image[..., 0], ['cat'], weights, arch=SIZES)
    with pytest.raises(FileNotFoundError, match='no such CLIP weights'):
        clip_cam(image, ['cat'], 'nowhere.pt')
