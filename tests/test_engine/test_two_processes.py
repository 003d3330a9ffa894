"""Two processes train what one trains, and resume what they would have gone on with."""

import json
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

from mmwsss.engine import build_runner
from mmwsss.engine.checkpoint_io import load_checkpoint
from mmwsss.registry import DATASETS
from mmwsss.stores import StoreMeta, create_store
from tests.configs import read
from tests.test_engine import two_processes
from tests.test_engine.runs import difference
from tests.test_engine.test_launch import environment

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason='for the CPU, over gloo'),
    pytest.mark.slow,
]
KINDS = list(two_processes.FILES)


@pytest.fixture(scope='module')
def folder(tmp_path_factory, tiny_shapes, warm_python):
    folder = tmp_path_factory.mktemp('two')
    data = {k: v for k, v in tiny_shapes.items() if k != 'type'}
    (folder / 'data.json').write_text(json.dumps(data))
    cfg = read('proposals/regions-small.py', 'shapes')
    cfg.work_dir, cfg.experiment_name = str(folder / 'proposals'), 'regions'
    cfg.test_dataloader.update(num_workers=0)
    cfg.test_dataloader.dataset.update(data)
    for key in ('train_dataloader', 'val_dataloader'):
        cfg.pop(key)
    build_runner(cfg).test()
    dataset = DATASETS.build(dict(tiny_shapes, split='train'))
    masks = create_store(
        folder / 'masks', StoreMeta('masks', dataset.metainfo['classes'][1:], dataset.list_hash)
    )
    for id in dataset.ids:
        file = f'{tiny_shapes["data_root"]}/SegmentationClassEval/{id}.png'
        masks.write(id, np.array(Image.open(file)))
    command = [warm_python, '-m', 'torch.distributed.run', '--nproc_per_node', '2']
    port = environment()['PORT']
    command += [f'--master_port={port}', str(two_processes.__file__), str(folder)]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    for kind in KINDS:
        two_processes.train(kind, folder, f'{kind}_exact_one', exact=True)
    return folder


def weights(folder, name):
    return load_checkpoint(folder / name / 'epoch_3.pth')['state_dict']


@pytest.mark.parametrize('kind', KINDS)
def test_first_gradients_are_those_of_one_process(folder, kind):
    one, two = (torch.load(folder / f'{kind}_exact_{n}' / 'gradients.pt') for n in ('one', 'two'))
    assert any(g.dim() == 4 and g.is_contiguous(memory_format=torch.channels_last) for g in two)
    for a, b in zip(one, two, strict=True):
        assert (a - b).norm() <= 1e-5 * a.norm() + 1e-9


@pytest.mark.parametrize('kind', KINDS)
def test_three_epochs_with_a_resume_are_those_of_one_process(folder, kind):
    one = weights(folder, f'{kind}_exact_one')
    for name in ('two', 'resumed'):
        torch.testing.assert_close(
            weights(folder, f'{kind}_exact_{name}'), one, rtol=1e-4, atol=1e-5
        )
    one, two = (load_checkpoint(folder / f'{kind}_exact_{n}/epoch_3.pth') for n in ('one', 'two'))
    assert one['meta']['iter'] == two['meta']['iter'] == 9
    assert difference(one['param_schedulers'], two['param_schedulers']) == []


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mode', ['exact', 'plain'])
def test_resumed_under_a_launcher_bit_for_bit(folder, kind, mode):
    """With batch norm and dropout too: each process goes on with its own statistics and draws."""
    for epoch in (2, 3):
        whole, resumed = (
            load_checkpoint(folder / f'{kind}_{mode}_{name}' / f'epoch_{epoch}.pth')
            for name in ('two', 'resumed')
        )
        assert difference(resumed, whole) == []
    if mode == 'plain':
        own = whole['mmwsss_resume']['buffers']
        assert own[0] == {} and any('running_mean' in name for name in own[1])
