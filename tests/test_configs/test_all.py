"""Every config, on every data set that it claims: it resolves, its model and pipelines build."""

import re
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope

from mmwsss.engine.parts import check_parts
from mmwsss.models.clip import frozen
from mmwsss.registry import METRICS, MODELS, TRANSFORMS
from tests.configs import CONFIGS, claimed, read, stages
from tests.draws import no_draws

STAGES = list(stages())
_built = set()


def once(registry, config):
    """Build a part that no other config has had."""
    if (key := (registry.name, repr(config))) not in _built:
        _built.add(key)
        registry.build(config)


def pipelines(node):
    """All pipelines of a config, those of data sets within transforms too."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'pipeline':
                yield value
            yield from pipelines(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from pipelines(value)


def without_files(node):
    """A model's config that reads neither a published file nor the classes of a folder."""
    if isinstance(node, dict):
        for key in ('checkpoint', 'init_cfg'):
            if key in node:
                node[key] = None
        for key, value in node.items():
            if value == 'auto':
                node[key] = dict(names=['a', 'b'], arch='vit_b').get(key, 2)
        if 'second' in node:  # an encoder that is refused without weights, unless it is built
            node['second']['backbone'] = MODELS.build(dict(node['second']['backbone']))
        for value in node.values():
            without_files(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            without_files(value)
    return node


@pytest.fixture(autouse=True)
def stores_are_there(monkeypatch):
    init_default_scope('mmwsss')
    # mmpretrain reads numbers off it, which the meta device does not have.
    monkeypatch.setattr(torch, 'linspace', partial(torch.linspace, device='cpu'))
    opened = lambda folder, kind=None: SimpleNamespace(folder=folder)  # noqa: E731
    monkeypatch.setattr(frozen, 'build_clip', no_draws()(frozen.build_clip))
    monkeypatch.setattr('mmwsss.datasets.transforms.entries.open_store', opened)


@pytest.mark.parametrize('path, data', STAGES)
def test_config(path, data):
    config = read(path, data)
    check_parts(config.to_dict())
    for pipeline in pipelines({k: v for k, v in config.items() if k.endswith('_dataloader')}):
        for step in pipeline:
            if step['type'] != 'LoadDisjoint':  # reads photos; its pipeline comes by itself
                once(TRANSFORMS, step)
    for name in ('val_evaluator', 'test_evaluator'):
        metrics = config.get(name) or []
        for metric in metrics if isinstance(metrics, (list, tuple)) else [metrics]:
            once(METRICS, metric)
    if 'bert' not in config.model.get('detector', {}):  # whose folder is read to build it
        with torch.device('meta'):
            once(MODELS, without_files(config.model))


def follows(path):
    """Whether a config reads DATA, itself or through its bases."""
    text = path.read_text()
    if '{{$DATA' in text:
        return True
    found = re.search(r"^_base_ = (\[.*?\]|'.*?')", text, re.M | re.S)
    bases = re.findall(r"'(.+?)'", found[1]) if found else []
    return any(follows(path.parent / base) for base in bases if '::' not in base)


def test_who_follows_data_says_so():
    paths = {path for path, _ in STAGES}
    found = {path for path in paths if follows(CONFIGS / path)}
    assert found == {path for path in paths if claimed(path)} and len(found) > 20
