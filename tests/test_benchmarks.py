"""The benchmarks run and compare what they time; no times are asserted."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import (
    coco_scale,
    cpu_stages,
    loaders,
    random_crop,
    regions,
    seed_sweep,
    store_scale,
    store_size,
)
from benchmarks import warm_stages as stages_benchmark
from mmwsss.datasets.listing import read_ids
from mmwsss.stores import create_store, open_store


def test_seed_sweep(capsys):
    assert seed_sweep.main(['--images', '4', '--thresholds', '5']) > 0
    assert 'confusion matrices equal' in capsys.readouterr().out


def test_store_size(capsys):
    assert store_size.main(['--images', '4']) > 10
    assert 'times smaller' in capsys.readouterr().out


def test_store_scale(capsys):
    assert len(store_scale.main(['--entries', '40', '--images', '6'])) == 3
    assert capsys.readouterr().out.count('equal') == 3


def test_random_crop(capsys):
    assert random_crop.main(['--images', '3', '--size', '50', '60', '--crop', '32']) > 0
    assert 'crops equal' in capsys.readouterr().out


def test_loaders(capsys):
    assert set(loaders.main(['--images', '2', '--size', '60', '80'])) == {
        'reading',
        *loaders.PIPELINES,
    }
    out = capsys.readouterr().out
    assert out.count('; equal') >= 3 and 'levels off on average' in out


def test_regions(capsys):
    assert set(regions.main(['--images', '1', '--size', '60', '80', '--coarse', '0.5'])) == {0.5}
    out = capsys.readouterr().out
    assert 'best IoU 1.000 with those at full size' in out and 'coarse=0.5' in out


def test_cpu_stages(capsys):
    options = ['--images', '2', '--size', '60', '80', '--workers', '0']
    assert set(cpu_stages.main(options)) == {'PAR', 'AffinityNet'}
    assert capsys.readouterr().out.count('scores equal') == 2


def test_coco_scale(capsys, monkeypatch):
    """In this process, and with masks written by the test: its commands have tests of their own."""

    def run(name, command, folder):
        if name == 'stage':
            scores = open_store(folder / 'scores')
            masks = create_store(
                folder / 'run/masks', replace(scores.meta, kind='masks', stride=1, dtype='uint8')
            )
        elif name == 'rest':
            masks = open_store(folder / 'run/masks')
            assert not len(masks)  # the last 512 are to be done again
        for id in read_ids(folder / 'list.txt') if name in ('stage', 'rest') else ():
            masks.write(id, np.zeros((coco_scale.SIDE,) * 2, np.uint8))
        return {name: 0.0}

    monkeypatch.setattr(coco_scale, 'run', run)
    monkeypatch.setattr(coco_scale, 'in_own_process', lambda n, f: coco_scale.MEASURES[n](f))
    rows = coco_scale.main(['--parts', '8000', '4000'])
    assert {'data set', 'a worker, MiB', 'stage', 'rest', 'resume', 'score', 'report'} <= set(rows)
    assert all(len(values) == 2 for values in rows.values())
    assert '| | 11 | 21 | last two (photos: 1.9) |' in capsys.readouterr().out


@pytest.mark.slow
def test_warm_stages(capsys, warm_stages):
    assert stages_benchmark.main(['--images', '2', '--stages', '1']) > 0
    assert 'masks equal' in capsys.readouterr().out
