import inspect
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from segment_anything import SamAutomaticMaskGenerator

from mmwsss.ops.mask_runs import MaskRuns, rock_sand_water
from mmwsss.proposers import SAMAutoProposer
from mmwsss.registry import MODELS, PROPOSERS
from tests.golden import fill
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

# With these, random weights have masks that pass and masks that do not.
OPEN = dict(
    points_per_side=6,
    pred_iou_thresh=0.1,
    stability_score_thresh=0.75,
    stability_score_offset=0.03,
    box_nms_thresh=0.99,
)
SALT = 'b'


def assert_same(proposals, image, sam, **settings):
    """The masks of the package, in its order, with its numbers."""
    expected = SamAutomaticMaskGenerator(sam.module, **settings).generate(image)
    masks = np.array([one['segmentation'] for one in expected], bool)
    assert len(proposals) == len(expected) and proposals.size == image.shape[:2]
    if not expected:
        return 0
    # Rounding may turn single pixels.
    assert (proposals.masks() != masks).mean() < 1e-5
    for name, key, atol in (('iou', 'predicted_iou', 1e-5), ('stability', 'stability_score', 1e-3)):
        np.testing.assert_allclose(
            getattr(proposals, name), [one[key] for one in expected], rtol=1e-4, atol=atol
        )
    return len(expected)


@pytest.mark.parametrize('level', [-0.3, 0.3])
@pytest.mark.parametrize(
    'settings',
    [
        {},
        dict(crop_n_layers=1, crop_n_points_downscale_factor=2),
        dict(min_mask_region_area=40),
        dict(pred_iou_thresh=0.0, stability_score_thresh=0.0),
        dict(stability_score_thresh=0.9, box_nms_thresh=0.7),
        dict(box_nms_thresh=1.0),
    ],
    ids=str,
)
def test_equals_the_package(settings, level):
    if settings.get('min_mask_region_area'):
        pytest.importorskip('cv2')
    settings, sam = {**OPEN, **settings}, tiny_sam(level=level, salt=SALT)
    image = fill.image(90, 120, 1)
    assert_same(SAMAutoProposer(sam, **settings)(image), image, sam, **settings)


def test_something_is_compared():
    """The cases above do have masks, fewer than the points could give."""
    image, sam = fill.image(90, 120, 1), tiny_sam(salt=SALT, level=0.3)
    count = assert_same(SAMAutoProposer(sam, **OPEN)(image), image, sam, **OPEN)
    assert 3 < count < 3 * 36


def test_default_settings_are_those_of_the_package():
    parameters = inspect.signature(SamAutomaticMaskGenerator).parameters
    settings = SAMAutoProposer(tiny_sam()).settings
    added = ('iou_offset', 'stability_offset', 'nms_offset', 'rock_sand_water')
    assert not any(np.any(settings.pop(name)) for name in added), 'they change nothing'
    for name, value in settings.items():
        assert parameters[name].default == value, name


@settings(max_examples=6, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(20, 140), st.integers(20, 140)), min_size=1, max_size=3),
    budget=st.sampled_from((1e-4, 4.0)),
)
def test_batch_and_budget_change_nothing(sizes, budget):
    images = [fill.image(*size, number) for number, size in enumerate(sizes)]
    batched = SAMAutoProposer(tiny_sam(salt=SALT, level=0.3, memory_gib=budget), **OPEN).propose(
        images
    )
    single = SAMAutoProposer(tiny_sam(salt=SALT, level=0.3), **OPEN)
    for one, image in zip(batched, images, strict=True):
        alone = single(image)
        np.testing.assert_array_equal(one.rle_counts, alone.rle_counts)
        np.testing.assert_allclose(one.iou, alone.iou, rtol=1e-5)
        np.testing.assert_array_equal(one.level, alone.level)


def test_masks_are_filtered_before_they_are_upsampled(monkeypatch):
    """Those that the bound rules out are never made in full."""
    sam, image = tiny_sam(salt=SALT, level=-0.3), fill.image(90, 120, 1)
    upscale, seen = type(sam).upscale, []

    def counted(self, logits, *sizes):
        seen.append(logits.shape[1])
        return upscale(self, logits, *sizes)

    monkeypatch.setattr(type(sam), 'upscale', counted)
    strict = {**OPEN, 'pred_iou_thresh': 0.0, 'stability_score_offset': 1.0}
    SAMAutoProposer(sam, **strict)(image)
    assert 0 < sum(seen) < 108 // 2


def test_levels_and_order():
    found = SAMAutoProposer(tiny_sam(salt=SALT, level=0.3), **OPEN)(fill.image(90, 120, 1))
    assert set(found.level.tolist()) <= {0, 1, 2}
    assert (np.diff(found.iou) <= 0).all()


def test_nothing_found():
    found = SAMAutoProposer(tiny_sam(), **{**OPEN, 'pred_iou_thresh': 99.0})(fill.image(30, 40, 0))
    assert len(found) == 0 and found.masks().shape == (0, 30, 40)
    assert (found.label_map() == -1).all()


def test_record_and_configs(tmp_path):
    """Settings and checkpoint are recorded; the same record, the same proposer."""
    torch.save(tiny_sam().module.state_dict(), tmp_path / 'sam.pth')
    sam = dict(type='SAM', arch=SIZES, checkpoint=str(tmp_path / 'sam.pth'))
    proposer = PROPOSERS.build(dict(type='SAMAutoProposer', sam=sam, **OPEN))
    record = json.loads(json.dumps(proposer.protocol()))
    assert record['points_per_side'] == 6 and record['type'] == 'SAMAutoProposer'
    assert record['sam']['checkpoint'] == proposer.sam.protocol()['checkpoint'] != ''
    model = MODELS.build(dict(type='ProposeModel', proposer=dict(type='SAMAutoProposer', sam=sam)))
    assert not list(model.parameters()) and not model.state_dict()
    assert model.store_output().in_workers is None


def test_bad_settings():
    with pytest.raises(ValueError, match='points_per_side and .* at least 1, .* found 0, 1 and 0'):
        SAMAutoProposer(tiny_sam(), points_per_side=0)


def test_offsets_by_level():
    """As if each level had its own threshold; whole masks first in the competition of a view."""
    image, sam = fill.image(90, 120, 1), tiny_sam(salt=SALT, level=0.3)
    plain = SAMAutoProposer(sam, **OPEN)(image)
    none = SAMAutoProposer(sam, **OPEN, iou_offset=(-9, -9, 0))(image)
    assert set(plain.level.tolist()) > {2} and set(none.level.tolist()) == {2}
    none = SAMAutoProposer(sam, **OPEN, stability_offset=(0, -9, -9))(image)
    assert set(none.level.tolist()) <= {0}
    ranked = SAMAutoProposer(sam, **OPEN, nms_offset=(0, 0, 9))(image)
    whole = (ranked.level == 2).astype(int)
    assert (np.diff(whole) <= 0).all() and 0 < whole.sum() < len(whole)


def test_rock_sand_water_is_the_last_step():
    image, sam = fill.image(90, 120, 1), tiny_sam(salt=SALT, level=0.3)
    everything = SAMAutoProposer(sam, **OPEN)(image)
    found = SAMAutoProposer(sam, **OPEN, rock_sand_water=0.3)(image)
    kept = rock_sand_water(MaskRuns(everything), everything.level, 0.3)
    np.testing.assert_array_equal(found.masks(), everything.masks()[kept])
    np.testing.assert_array_equal(found.iou, everything.iou[kept])
    assert (np.diff(found.level) <= 0).all() and len(found) < len(everything)


def test_offsets_of_another_length():
    with pytest.raises(ValueError, match=r'one number for each of the levels 0, 1 and 2, found'):
        SAMAutoProposer(tiny_sam(), iou_offset=(0, 0.1))
