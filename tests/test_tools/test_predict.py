"""The command-line interface of predicting; what it does is tested in tests/test_apis."""

import runpy

import pytest
from PIL import Image

from mmwsss.installed import find_part
from tests.conftest import photo
from tests.test_apis.test_inferencer import save_recipe


@pytest.fixture(scope='module')
def main():
    return runpy.run_path(str(find_part('tools') / 'misc/predict.py'))['main']


@pytest.fixture(scope='module')
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    return save_recipe(folder / 'run', folder)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / 'photos').mkdir()
    for name in ('a.jpg', 'b.jpg'):
        Image.fromarray(photo(32, 40)).save(tmp_path / 'photos' / name)
    return tmp_path / 'photos'


def test_a_recipes_work_directory_is_enough(main, recipe, photos, tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = [str(recipe), str(photos), str(out), '--device', 'cpu']
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert f'network: {recipe}/segmentor/epoch_1.pth' in text
    assert f'2 photos segmented: {out}/masks' in text
    assert sorted(path.name for path in (out / 'masks').iterdir()) == ['a.png', 'b.png']
    assert main(arguments) == 0
    assert '0 photos segmented, 2 were done before' in capsys.readouterr().out


def test_the_cam_network_by_config(main, recipe, photos, tmp_path, capsys):
    stage = recipe / 'cam'
    source = [str(stage / 'config.py'), '--checkpoint', str(stage / 'epoch_1.pth')]
    files = [str(photos / 'a.jpg'), f'{photos}/b.*']
    assert main([*source, *files, str(tmp_path / 'out'), '--scores', '--device', 'cpu']) == 0
    assert (tmp_path / 'out/scores/a.npz').is_file()
    by_stage = [str(recipe), '--stage', 'cam', *files, str(tmp_path / 'out'), '--device', 'cpu']
    assert main(by_stage) == 0
    assert '2 were done before' in capsys.readouterr().out, 'it is the same network'


def test_a_broken_photo_is_listed_and_told_by_the_status(main, recipe, photos, tmp_path, capsys):
    (photos / 'broken.jpg').touch()
    assert main([str(recipe), str(photos), str(tmp_path / 'out'), '--device', 'cpu']) == 1
    assert '1 photos were left out' in capsys.readouterr().out
    assert (tmp_path / 'out/masks/a.png').is_file()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['none', 'PHOTOS', 'OUT'], 'none'),
        (['RECIPE', 'nothing', 'OUT'], 'nothing: is not there'),
        (['RECIPE', 'PHOTOS', 'OUT', '--stage', 'segmentr'], 'did you mean'),
        (['RECIPE', 'PHOTOS', 'OUT', '--checkpoint', 'a.pth'], 'goes with a config'),
        (['RECIPE', 'PHOTOS', 'OUT', '--scores'], 'go with CAM networks'),
    ],
)
def test_errors_are_one_line(main, recipe, photos, tmp_path, capsys, arguments, message):
    places = {'RECIPE': str(recipe), 'PHOTOS': str(photos), 'OUT': str(tmp_path / 'out')}
    try:
        status = main([places.get(argument, argument) for argument in arguments])
    except SystemExit as stop:
        status, text = stop.code, str(stop.code)
    else:
        text = ''
    assert status
    text += capsys.readouterr().err
    assert message in text
    assert 'Traceback' not in text
