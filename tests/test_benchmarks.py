"""The benchmarks run and compare what they time; no times are asserted."""

from benchmarks import (
    cpu_stages,
    loaders,
    random_crop,
    regions,
    seed_sweep,
    store_scale,
    store_size,
)


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
