"""Each training config that reads stores refuses one that lacks an image, before it trains."""

from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from PIL import Image

import mmwsss.datasets
from mmwsss.config import read_config
from mmwsss.engine import WSSSRunner, build_runner
from mmwsss.registry import DATASETS, TRANSFORMS
from mmwsss.stores import StoreMeta, StoreMismatch, StoreReader, create_store
from mmwsss.structures import BoxPrompts, Proposals, Seeds
from tests.test_engine import toy  # noqa: F401 registers ToyModel

CONFIGS = Path(__file__).parents[2] / 'configs'
KINDS = {
    'LoadSeeds': 'scores',
    'LoadEvidence': 'scores',
    'LoadCRFScores': 'scores',
    'LoadProposals': 'proposals',
    'LoadPrompts': 'prompts',
    'LoadPseudoMask': 'masks',
    'PseudoMaskDataset': 'masks',
}


def readers(node):
    """Parts of a config that read stores, wherever they are."""
    if isinstance(node, dict):
        if node.get('type') in KINDS:
            yield node
        for value in node.values():
            yield from readers(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from readers(value)


def in_training(config):
    return [
        *readers(config.get('train_dataloader') or {}),
        *readers(config.get('val_dataloader') or {}),
    ]


def stages():
    """Training configs on the built-in photos that read stores, one of each set of readers."""
    found = {}
    for path in sorted(CONFIGS.glob('*/*_shapes.py')):
        config = read_config(path)
        names = tuple(sorted({node['type'] for node in in_training(config)}))
        method = path.parent.name
        if names and config.get('train_cfg'):
            found.setdefault((method, names), path)
    return [pytest.param(path, id=path.stem) for path in found.values()]


def entry(kind, size):
    if kind == 'scores':
        return Seeds([0], np.zeros((1, *size)), np.ones(size))
    if kind == 'masks':
        return np.zeros(size, np.uint8)
    if kind == 'prompts':
        return BoxPrompts.empty(size)
    return Proposals.from_masks(np.ones((1, *size), bool), iou=[1], stability=[1], level=[0])


@pytest.fixture(scope='module')
def incomplete(tiny_shapes, tmp_path_factory):
    """Folder with a store of each kind, of all photos but one; and that one's id."""
    init_default_scope('mmwsss')
    folder, listed = tmp_path_factory.mktemp('stores'), {}
    for split in ('train', 'val'):
        dataset = DATASETS.build({**tiny_shapes, 'split': split, 'pipeline': []})
        listed |= {info['img_id']: info['img_path'] for info in dataset}
    left_out = next(id for id in listed if id.startswith('train'))
    for kind in set(KINDS.values()):
        meta = StoreMeta(kind, dataset.metainfo['classes'][1:], 'x')
        store = create_store(folder / kind, meta)
        for id, path in listed.items():
            if id != left_out:
                store.write(id, entry(kind, Image.open(path).size[::-1]))
    return folder, left_out


def test_all_readers_are_known():
    """A new one is a new kind of stage, to be tried below."""
    for home in mmwsss.datasets.HOMES.values():
        import_module(home)
    parts = {**TRANSFORMS.module_dict, **DATASETS.module_dict}
    assert {name for name, part in parts.items() if issubclass(part, StoreReader)} == set(KINDS)


@pytest.mark.parametrize('path', stages())
def test_a_missing_entry_is_refused_before_training(path, incomplete, tiny_shapes, tmp_path):
    folder, left_out = incomplete
    config = read_config(path)
    config.work_dir, config.experiment_name = str(tmp_path), path.stem
    config.model = ConfigDict(type='ToyModel')  # what trains is of no concern
    for node in in_training(config):
        for key in ('store', 'low_alpha', 'high_alpha'):
            if key in node:
                node[key] = str(folder / KINDS[node['type']])
    for name in ('train_dataloader', 'val_dataloader'):
        if loader := config.get(name):
            loader.update(num_workers=0, persistent_workers=False)
            dataset = loader.dataset
            while dataset.type != tiny_shapes['type']:
                dataset = dataset.get('images') or dataset.get('dataset')
            dataset.update(tiny_shapes)
    for key in ('load_from', 'data_preprocessor'):
        config.pop(key, None)
    with patch.object(WSSSRunner, '_log_env'):  # asks compilers for their versions
        runner = build_runner(config)
    with pytest.raises(StoreMismatch, match=f'1 of the .* are not in it, e.g. {left_out}'):
        runner.train()
