"""``SeedingPowerMetric``: equals seeding and scoring one power after the other."""

import csv

import numpy as np
import pytest
import torch

from mmwsss.evaluation import MaskMetric, SeedingPowerMetric
from mmwsss.refiners import SAMSeeding
from mmwsss.stores import StoreMeta, create_store
from mmwsss.structures import Proposals, Seeds
from tests.conftest import photo

CLASSES = ('cat', 'dog')
POWERS = (0.3, 0.8, 3.0)


def case(seed, size=(17, 23), classes=(0, 1), masks=6):
    """Seeds with signed maps on a coarse grid, proposals and a mask; no size is a multiple."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(len(classes), 3, 4)).astype(np.float32)
    scores = np.zeros((len(classes), *size), np.float32)
    drawn = np.zeros((masks, *size), bool)
    for mask in drawn:
        top, left = rng.integers(0, size[0] - 3), rng.integers(0, size[1] - 3)
        mask[top : top + rng.integers(2, 12), left : left + rng.integers(2, 15)] = True
    ones = np.ones(masks)
    proposals = Proposals.from_masks(
        drawn, iou=ones, stability=ones, level=rng.integers(0, 3, masks)
    )
    truth = rng.integers(0, 3, size).astype(np.uint8)
    truth[0, :5] = 255
    seeds = Seeds(np.array(classes, int), scores, size=size, raw=raw if classes else None)
    return seeds, proposals, truth


@pytest.fixture
def cases(tmp_path):
    """Both classes, one, none, and a photo without a proposal."""
    found = {
        'a': case(0),
        'b': case(1, (9, 40), (1,)),
        'c': case(2, classes=()),
        'd': case(3, masks=0),
    }
    store = create_store(tmp_path / 'proposals', StoreMeta('proposals', CLASSES, 'x'))
    for id, (_, proposals, _) in found.items():
        store.write(id, proposals)
    store.close()
    return found, str(tmp_path / 'proposals')


def sample(id, seeds, truth, mask=None):
    data = dict(img_id=id, seeds=seeds, gt_sem_seg=dict(data=torch.from_numpy(truth)[None]))
    if mask is not None:
        data['pred_sem_seg'] = dict(data=torch.from_numpy(mask).long()[None])
    return data


def score(metric, samples):
    metric.dataset_meta = dict(classes=('background', *CLASSES))
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_equals_one_power_after_the_other(cases, tmp_path):
    found, proposals = cases
    metric = SeedingPowerMetric(proposals=proposals, powers=POWERS, out_dir=str(tmp_path))
    result = score(metric, [sample(id, seeds, truth) for id, (seeds, _, truth) in found.items()])
    alone = []
    for power in POWERS:
        samples = [
            sample(id, seeds, truth, SAMSeeding(power)(photo(*seeds.size), seeds, masks))
            for id, (seeds, masks, truth) in found.items()
        ]
        alone.append(score(MaskMetric(), samples)['masks/mIoU'])
        assert result[f'seeding/mIoU_power_{power:g}'] == pytest.approx(alone[-1])
    assert len(set(alone)) > 1  # otherwise there is nothing to search
    assert result['seeding/mIoU'] == pytest.approx(max(alone))
    assert result['seeding/power'] == POWERS[int(np.argmax(alone))]
    with open(tmp_path / 'powers.csv', newline='') as file:
        assert [float(row['power']) for row in csv.DictReader(file)] == list(POWERS)


def test_the_first_of_equal_powers_and_what_is_reported(cases):
    found, proposals = cases
    seeds, _, truth = found['d']  # no proposal: all background, whatever the power
    metric = SeedingPowerMetric(proposals=proposals, powers=(0.5, 0.4))
    assert score(metric, [sample('d', seeds, truth)])['seeding/power'] == 0.5
    assert metric.reported['power'] == 'best of 0.5, 0.4, tuned on these masks'


def test_bad_arguments(cases):
    found, proposals = cases
    with pytest.raises(ValueError, match='powers are positive numbers'):
        SeedingPowerMetric(proposals=proposals, powers=(0.3, 0))
    seeds, _, truth = found['b']
    metric = SeedingPowerMetric(proposals=proposals)
    with pytest.raises(ValueError, match='its proposals are'):
        score(metric, [sample('a', seeds, truth)])
