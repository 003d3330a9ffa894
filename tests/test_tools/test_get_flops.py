"""Operations and parameters of networks."""

import re

import pytest

from tools.analysis_tools.get_flops import main


def numbers(text):
    return [float(re.search(rf'{name} ([\d.]+)', text)[1]) for name in ('adds', 'parameters')]


@pytest.mark.parametrize('config', ['cam/cam_r18_shapes.py', 'cam/deeplabv3plus_lite0_cam_voc.py'])
def test_operations_grow_with_the_photo(config, capsys):
    options = ['--cfg-options', 'model.head.num_classes=3'] if 'shapes' in config else []
    found = []
    for shape in (['64'], ['64', '128']):
        main([f'configs/{config}', '--shape', *shape, *options])
        found.append(numbers(capsys.readouterr().out))
    (small, parameters), (large, same) = found
    assert parameters == same and 0.1 < parameters < 30
    assert 1.8 < large / small < 2.2


def test_a_layer_by_hand(capsys):
    """The first layer of ResNet-50: 7 x 7 x 3 multiply-adds, 64 channels, 32 x 32 places."""
    main(['configs/cam/cam_r50_voc.py', '--shape', '64', '--table'])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if ' M  ' in line]
    counts = {name.split('.', 1)[1]: float(count) for count, _, name in rows}
    assert counts['backbone.conv1'] == pytest.approx(49 * 3 * 64 * 32 * 32 / 1e6, abs=1e-3)
    assert counts['head'] > 0


def test_no_network(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(['configs/refine/crf.py'])
    assert 'RefineModel is no network' in capsys.readouterr().err
