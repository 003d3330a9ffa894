import runpy
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import photo
from tests.test_apis.test_inferencer import CAM, SCALES, make_config, save_weights

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/cams.py'
main = runpy.run_path(str(TOOL))['main']


@pytest.fixture
def training(tmp_path):
    """Folder of a training, with a photo in it."""
    (tmp_path / 'run').mkdir()
    save_weights(CAM, tmp_path / 'run/epoch_1.pth')
    (tmp_path / 'run/last_checkpoint').write_text('epoch_1.pth')
    make_config(CAM, SCALES).dump(tmp_path / 'run/config.py')
    Image.fromarray(photo(32, 40)).save(tmp_path / 'photo.png')
    return tmp_path


def test_picture_and_scores(training, capsys):
    out = training / 'new/cams.jpg'
    call = [str(training / 'run'), str(training / 'photo.png'), str(out), '--side', '80']
    assert main([*call, '--tags', 'boat', 'cat']) == 0
    text = capsys.readouterr().out
    assert 'scores of the given tags' in text and '40 x 32, mirrored' in text
    with Image.open(out) as picture:
        assert picture.format == 'JPEG' and picture.width == 6 * 84


def test_errors(training, capsys):
    call = [str(training / 'run'), str(training / 'photo.png'), str(training / 'o.png')]
    with pytest.raises(SystemExit):
        main([*call, '--tags', 'bat'])
    assert "'bat' is no class of this network, did you mean 'boat'?" in capsys.readouterr().err
    assert main([*call, '--checkpoint', 'x.pth']) == 1
    assert '--checkpoint goes with a config' in capsys.readouterr().err
    call[0] = str(training / 'run' / 'config.py')
    assert main([*call, '--stage', 'cam']) == 1
    assert "--stage goes with a recipe's work directory" in capsys.readouterr().err
