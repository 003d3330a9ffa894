import re
import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/benchmark.py'
main = runpy.run_path(str(TOOL))['main']
CONFIG = """
_base_ = '{configs}/cam/cam_r18_shapes.py'
test_dataloader = dict(dataset={shapes})
model = dict(
    backbone=dict(stem_channels=8, base_channels=8, num_stages=2, strides=(1, 2),
                  dilations=(1, 1), out_indices=(1,)),
    head=dict(in_channels=16),
)
"""


@pytest.fixture
def config(tmp_path, tiny_shapes):
    shapes = {k: v for k, v in tiny_shapes.items() if k != 'type'}
    file = tmp_path / 'c.py'
    file.write_text(CONFIG.format(configs=TOOL.parents[2] / 'configs', shapes=shapes))
    return str(file)


def test_speed_of_all_scales(config, capsys):
    main([config, '--photos', '4', '--warm-up', '1', '--device', 'cpu'])
    text = capsys.readouterr().out
    assert '4 photos one by one, CPU' in text
    speed, mean, median, most = map(
        float,
        re.search(
            r'network (\S+) photos/s: (\S+) ms, median (\S+), 95 % below (\S+)', text
        ).groups(),
    )
    assert speed == pytest.approx(1e3 / mean, rel=0.02) and 0 < median <= most


def test_what_is_wrong(config, capsys):
    with pytest.raises(SystemExit, match='12 photos are there and 12 are for warming up'):
        main([config, '--warm-up', '12', '--device', 'cpu', '--cfg-options',
              'test_dataloader.dataset.pipeline.1.scales=(0.25,)'])  # fmt: skip
    with pytest.raises(SystemExit):
        main([config, '--cfg-options', 'test_dataloader=None'])
    assert 'has no test_dataloader' in capsys.readouterr().err
