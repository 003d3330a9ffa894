import numpy as np
import pytest
import torch

from mmwsss.refiners import PAR, CentrePrior, Chain, Threshold
from mmwsss.registry import REFINERS
from mmwsss.structures import Seeds


def test_parts_work_in_turn():
    image = np.random.RandomState(0).randint(0, 255, (12, 16, 3), dtype=np.uint8)
    seeds = Seeds([1, 4], np.random.RandomState(1).rand(2, 12, 16))
    chain = REFINERS.build(
        dict(
            type='Chain',
            refiners=[dict(type='PAR'), dict(type='Threshold', background=0.4)],
        )
    )
    np.testing.assert_array_equal(chain(image, seeds), PAR()(image, seeds).to_mask(0.4))


def test_it_is_what_its_parts_are():
    worker = Chain([Threshold()])
    assert (worker.runs_in, worker.output, worker.needs_proposals) == ('worker', 'mask', False)
    mixed = Chain([PAR(), Threshold(0.4, tuned_on_masks=True)])
    assert (mixed.runs_in, mixed.output) == ('device', 'mask')
    assert Chain([PAR()]).output == 'seeds'
    assert mixed.to('meta').refiners[0].device == torch.device('meta')
    assert mixed.protocol()['threshold_tuned_on_masks'] is True
    assert [part['type'] for part in mixed.protocol()['refiners']] == ['PAR', 'Threshold']


def test_bad_chains():
    with pytest.raises(ValueError, match='at least one'):
        Chain([])
    with pytest.raises(
        ValueError, match=r"CentrePrior gives a mask, so it must be the last .*'PAR'"
    ):
        Chain([CentrePrior(), PAR()])
