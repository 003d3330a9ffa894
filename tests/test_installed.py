from pathlib import Path

import pytest

from mmwsss import installed

ROOT = Path(__file__).parents[1]


def test_parts_of_a_clone():
    assert installed.find_part('tools') == ROOT / 'tools'
    assert (installed.find_part('configs') / 'cam/cam_r18_shapes.py').is_file()


def test_parts_of_a_wheel(tmp_path, monkeypatch):
    package = tmp_path / 'site/mmwsss'
    (package / '.mim/tools').mkdir(parents=True)
    monkeypatch.setattr(installed, '_PACKAGE', package)
    with pytest.raises(FileNotFoundError, match='tools found neither in .* install mmwsss again'):
        installed.find_part('tools')
    (package / '.mim/model-index.yml').touch()
    assert installed.find_part('tools') == package / '.mim/tools'


def test_configs():
    assert installed.find_config('some/file.py') == Path('some/file.py')
    found = installed.find_config('mmwsss::cam/cam_r18_shapes.py')
    assert found == ROOT / 'configs/cam/cam_r18_shapes.py'
    found = installed.find_config('mmseg::_base_/default_runtime.py')
    assert found.parts[-4:] == ('.mim', 'configs', '_base_', 'default_runtime.py')


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ('mmwsss::cam/none.py', 'mmwsss::cam/none.py: no file .*configs/cam/none.py'),
        ('nobody::cam/none.py', 'no package nobody is installed'),
    ],
)
def test_configs_that_are_not_there(config, message):
    with pytest.raises(FileNotFoundError, match=message):
        installed.find_config(config)
