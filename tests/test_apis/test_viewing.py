"""What each scale and view alone makes of a photo, and the picture of it."""

import numpy as np
import pytest
import torch

from mmwsss.apis.inferencer import WSSSInferencer
from mmwsss.apis.viewing import cam_views
from mmwsss.registry import MODELS
from mmwsss.structures import Seeds
from mmwsss.visualization.cam_grid import cam_grid
from tests.conftest import photo
from tests.test_apis.test_inferencer import cam, make_config, segmentor  # noqa: F401  (fixtures)
from tests.test_models.test_clip.tiny_clip import PREPROCESSOR, SIZES


def test_views_of_given_tags(cam):  # noqa: F811
    image = photo(32, 40)
    found = cam_views(cam, image, ['dog', 'cat'])
    assert found.given and found.tags == ('cat', 'dog')
    assert [str(view) for view in found.views] == [
        '20 x 16',
        '20 x 16, mirrored',
        '40 x 32',
        '40 x 32, mirrored',
    ]
    for view in found.views:
        assert view.seeds.classes.tolist() == [0, 1] and view.seeds.size == (32, 40)
    # One scale as it is: what a network with no other view says.
    (whole,) = cam(image, [['cat', 'dog']])
    np.testing.assert_array_equal(found.fused.seeds.scores, whole.seeds.scores)
    mean = np.mean([view.tag_scores['cat'] for view in found.views])
    assert mean == pytest.approx(whole.tag_scores['cat'], abs=0.02)


def test_the_mirror_image_is_turned_back(cam):  # noqa: F811
    """The mirrored view of a photo is the plain view of its mirror image, mirrored."""
    image = photo(32, 40)
    views = cam_views(cam, image, ['cat']).views
    others = cam_views(cam, np.ascontiguousarray(image[:, ::-1]), ['cat']).views
    for a, b in ((1, 0), (3, 2)):
        expected = others[b].seeds.scores[..., ::-1]
        np.testing.assert_allclose(views[a].seeds.scores, expected, atol=2e-3)
        assert views[a].tag_scores['cat'] == pytest.approx(others[b].tag_scores['cat'], abs=1e-3)
    assert not np.allclose(views[3].seeds.scores, views[2].seeds.scores, atol=2e-2)


def test_without_tags_the_predicted_ones_or_the_likeliest(cam):  # noqa: F811
    test_cfg = cam.model.test_cfg
    found = cam_views(cam, photo(32, 40))
    (whole,) = cam(photo(32, 40))
    names = [cam.classes[k + 1] for k in whole.seeds.classes]
    likeliest = max(whole.tag_scores, key=whole.tag_scores.get)
    assert not found.given and list(found.tags) == (names or [likeliest])
    assert cam.model.test_cfg.flip == test_cfg.flip


def test_a_network_without_mirror_images(tmp_path):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    clip = dict(type='CLIP', arch=SIZES)
    prompts = dict(names=['cat', 'dog', 'boat'], background=['sky'], length=4)
    cfg = dict(
        type='FMA', clip=clip, prompts=prompts, num_classes=3, data_preprocessor=PREPROCESSOR
    )
    meta = {'dataset_meta': {'classes': ('background', 'cat', 'dog', 'boat')}}
    state = MODELS.build(cfg).state_dict()
    torch.save({'state_dict': state, 'meta': meta}, tmp_path / 'fma.pth')
    steps = ('LoadImage', dict(type='ResizeToMultiple', divisor=8), 'PackTagged')
    pipeline = [dict(type=step) if isinstance(step, str) else step for step in steps]
    network = WSSSInferencer(make_config(cfg, pipeline), tmp_path / 'fma.pth', device='cpu')
    found = cam_views(network, photo(32, 40), ['dog'])
    assert [str(view) for view in found.views] == ['40 x 32'] and found.tags == ('dog',)
    np.testing.assert_array_equal(found.views[0].seeds.scores, found.fused.seeds.scores)


def test_segmentors_have_none(segmentor):  # noqa: F811
    with pytest.raises(ValueError, match='a segmentor has no class activation maps'):
        cam_views(segmentor, photo(32, 40))


def test_grid():
    ramp = np.linspace(0, 1, 40, dtype=np.float32)[None].repeat(30, 0)
    seeds = Seeds([0, 2], np.stack([ramp, 1 - ramp]))
    columns = [('10 x 8', seeds), ('20 x 15', Seeds([0, 2], seeds.scores[::-1]))]
    notes = [['0.500', '0.250'], ['0.100', '0.900']]
    picture = cam_grid(photo(30, 40), columns, ['cat', 'dog'], notes, side=80)
    assert picture.shape == (2 * (60 + 38), 3 * 84, 3)
    left = picture[34 : 34 + 60, :80]
    assert abs(left.mean((0, 1)) - photo(30, 40).mean((0, 1))).max() < 2
    first, second = (picture[34:94, left : left + 80] for left in (84, 168))
    below = picture[98 + 34 : 98 + 94, 84:164]
    np.testing.assert_array_equal(second, below)  # the two columns have their maps exchanged
    assert first[:, 60:, 0].mean() > first[:, :20, 0].mean()  # red where it scores 1
