"""Fixtures that several packages' tests share."""

import csv
import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.remembered_configs import (
    files_once_per_process,
    once_per_process,
    variables_of_configs,
)
from tests.warm import warm_interpreter
from tests.warm.flushing import leave_unflushed

os.environ.setdefault('OMP_NUM_THREADS', '1')
# Golden cases have two threads: one that waits for the other leaves the core to the next process.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
# They read nearly all shipped configs.
OF_CONFIGS = {
    Path(__file__).parent / name
    for name in ('test_configs', 'test_config', 'test_metafiles.py', 'test_recipes/test_configs.py')
}
WARM = 'MMWSSS_WARM_PYTHON'


os.environ.pop('MMWSSS_DECODER', None)
for _name in variables_of_configs():  # tests say what they want, whatever the shell exports
    os.environ.pop(_name, None)


def pytest_configure(config):
    """Before the test files are imported: some read configs for their parameters."""
    leave_unflushed()
    from mmwsss.config import reading
    from tests.warm.formatting import leave_unformatted

    leave_unformatted()
    reading._safe_substitution = files_once_per_process(reading._safe_substitution)
    reading._load = once_per_process(reading._load)
    gc.disable()  # until all is imported, of which nothing is garbage
    # Elsewhere forks of such processes are not safe. The processes of xdist share one server.
    if sys.platform == 'linux' and not hasattr(config, 'workerinput'):
        server = ExitStack()
        os.environ[WARM] = server.enter_context(warm_interpreter())
        config.add_cleanup(server.close)


def pytest_collection_finish():
    """What is imported stays: half a second for each collection of garbage that looks at it."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # configs and networks are many small objects
    gc.enable()
    if 'torch' in sys.modules:  # how long a loader that nobody uses any more waits for its workers
        sys.modules['torch'].utils.data._utils.MP_STATUS_CHECK_INTERVAL = 1.0


@pytest.hookimpl(tryfirst=True)  # before xdist writes the groups into the names
def pytest_collection_modifyitems(items):
    """Tests that share a module's fixture, or configs, go to one process: it makes them once."""
    for item in items:
        if OF_CONFIGS & {item.path, item.path.parent}:
            item.add_marker(pytest.mark.xdist_group('configs'))
            continue
        definitions = item._fixtureinfo.name2fixturedefs.values()
        if any(d.scope in ('module', 'class') for found in definitions for d in found):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(scope='session')
def warm_python():
    """In ``sys.executable``'s place in commands: does not import the libraries again."""
    return os.environ.get(WARM, sys.executable)


@pytest.fixture
def warm_stages(warm_python, monkeypatch):
    """What the package itself starts, such as a recipe's stages, starts warm."""
    monkeypatch.setattr(sys, 'executable', warm_python)


@pytest.fixture(scope='session')
def shared_root():
    """Folder with real data and golden numbers beside the repository, which tests may lack."""
    root = Path(__file__).parents[2] / 'shared'
    if not root.is_dir():
        pytest.skip(f'no folder {root} with real data')
    return root


def photo(height=24, width=32, seed=0):
    """A smooth colour image, uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


VOC_TAGS = {'2007_000001': [1], '2007_000002': [2, 15], '2007_000003': [15], '2007_000004': []}


@pytest.fixture
def tiny_voc(tmp_path):
    """VOC layout of four images; the first three have a mask, the last has no tag."""
    root = tmp_path / 'VOC2012'
    for name in ('JPEGImages', 'SegmentationClass', 'Annotations', 'ImageSets/Segmentation'):
        (root / name).mkdir(parents=True)
    for number, (img_id, tags) in enumerate(VOC_TAGS.items()):
        image = Image.fromarray(photo(24 + number, 32, number))
        image.save(root / 'JPEGImages' / f'{img_id}.jpg')
        if tags:
            mask = np.zeros((24 + number, 32), np.uint8)
            mask[4:12, 4:12], mask[12:20, 12:20], mask[0] = tags[0], tags[-1], 255
            Image.fromarray(mask).save(root / 'SegmentationClass' / f'{img_id}.png')
        names = {1: 'aeroplane', 2: 'bicycle', 15: 'person'}
        objects = ''.join(
            f'<object><name>{names[k]}</name><difficult>{int(k == 2)}</difficult></object>'
            for k in tags
        )
        xml = root / 'Annotations' / f'{img_id}.xml'
        xml.write_text(f'<annotation>{objects}</annotation>')
    lines = [' '.join([i, *map(str, tags)]) for i, tags in VOC_TAGS.items()]
    (root / 'image_labels.txt').write_text('\n'.join(lines) + '\n')
    (root / 'ImageSets/Segmentation/train.txt').write_text('\n'.join(VOC_TAGS) + '\n')
    return root


@pytest.fixture
def tiny_folder(tmp_path):
    """Photos in folders, with blanks and umlauts in their names, and ``tags.csv``."""
    root = tmp_path / 'folder'
    rows = [
        ('holiday/my dog, 1.jpg', 'dog;beach'),
        ('holiday/Übung.png', 'cat'),
        ('empty.jpg', ''),
    ]
    for number, (name, _) in enumerate(rows):
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(20, 20 + number, number)).save(path)
    with open(root / 'tags.csv', 'w', encoding='utf-8-sig', newline='') as file:
        csv.writer(file).writerows([('image', 'tags'), *rows])
    return root


@pytest.fixture(scope='session')
def tiny_shapes(tmp_path_factory):
    """Config of a small drawing of the built-in data set, drawn once a session."""
    root = tmp_path_factory.mktemp('shapes') / 'shapes'
    drawing = {'seed': 1, 'num_train': 12, 'num_val': 6, 'size': 96}
    return {'type': 'ShapesDataset', 'data_root': str(root), 'drawing': drawing}
