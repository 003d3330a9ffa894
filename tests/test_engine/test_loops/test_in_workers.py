"""What a model does in the loader's workers, and that a network stays here under autocast."""

from functools import partial

import pytest

from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput
from tests.test_engine.test_loops.test_store_loop import run
from tests.test_engine.test_loops.toy_stage import BrightnessSeeds

SEEN = []


def note(sample, kind):
    SEEN.append((kind, sample['data_samples'].img_id))
    return sample


@MODELS.register_module()
class PartlyInWorkers(BrightnessSeeds):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def store_output(self):
        here = partial(note, kind='network' if self.network else 'plain')
        return StoreOutput(('scores',), in_workers=here, network_in_workers=self.network)


@pytest.mark.parametrize('fp16', [False, True])
@pytest.mark.parametrize('network', [False, True])
def test_a_network_stays_in_the_main_process_under_autocast(tmp_path, tiny_voc, network, fp16):
    SEEN.clear()
    model = dict(type='PartlyInWorkers', network=network, _delete_=True)
    run(tmp_path, tiny_voc, {'model': model, 'test_cfg.fp16': fp16})
    expected = 0 if network and fp16 else 4
    assert len(SEEN) == expected
    assert {kind for kind, _ in SEEN} <= {'network' if network else 'plain'}
