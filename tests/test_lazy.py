"""Packages that import a part when it is asked for, here or by its name in a config."""

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest
from mmengine.registry import Registry

import mmwsss.datasets
import mmwsss.models
import mmwsss.proposers
from mmwsss import registry as registries
from mmwsss.lazy import lazy_names, version_alone
from mmwsss.registry import MODELS, LazyRegistry

PACKAGES = [mmwsss.datasets, mmwsss.models, mmwsss.proposers]


@pytest.mark.parametrize('package', PACKAGES, ids=lambda package: package.__name__)
def test_every_registered_part_has_a_home(package):
    for name, home in package.HOMES.items():
        assert getattr(package, name) is getattr(import_module(home), name), name
    with pytest.raises(AttributeError, match='no attribute'):
        _ = package.nothing
    modules = [m.name for m in walk_packages(package.__path__, package.__name__ + '.')]
    before = set(sys.modules)
    for module in modules:
        import_module(module)
    late = set(sys.modules) - before  # what neither the package nor its homes have imported
    for registry in vars(registries).values():
        for name, part in registry.module_dict.items() if isinstance(registry, Registry) else ():
            if part.__module__.startswith(package.__name__ + '.'):
                assert part.__module__ not in late, f'{name} is missing in HOMES'
                assert package.HOMES.get(name, part.__module__) == part.__module__


def test_every_registry_of_ours_knows_homes():
    ours = [r for r in vars(registries).values() if getattr(r, 'scope', '') == 'mmwsss']
    assert len(ours) > 15 and all(isinstance(registry, LazyRegistry) for registry in ours)
    assert registries.PROPOSERS.get('SAMAutoProposer') is mmwsss.proposers.SAMAutoProposer


SEEN = """
import sys
import mmwsss.engine, mmwsss.evaluation, mmwsss.registry
from mmengine.registry import init_default_scope
init_default_scope('mmwsss')
assert mmwsss.registry.MODELS.get('RefineModel')
assert mmwsss.registry.MODELS.get('mmwsss.SegmentContrastLoss')
assert mmwsss.registry.DATASETS.get('ShapesDataset')
print(*sys.modules)
"""


def test_a_refining_stage_imports_no_networks():
    loaded = subprocess.run(
        [sys.executable, '-c', SEEN], capture_output=True, text=True, check=True
    )
    heavy = {
        'mmdet.models',
        'mmpretrain.models',
        'mmseg.models',
        'timm',
        'torchvision',
        'open_clip',
    }
    heavy |= {'matplotlib', 'skimage', 'transformers.modeling_utils', 'mmseg.datasets'}
    assert 'mmwsss.refiners.refine_model' in loaded.stdout.split()
    assert not heavy & set(loaded.stdout.split())


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A registry whose package has the part ``Ours`` and has not imported it."""
    package = tmp_path / 'lazy_parts'
    package.mkdir()
    (package / '__init__.py').write_text("HOMES = {'Ours': 'lazy_parts.ours'}\n")
    (package / 'ours.py').write_text(
        'from tests.test_lazy import current\n@current.register_module()\nclass Ours: pass\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = LazyRegistry('part', scope='mmwsss', locations=['lazy_parts'])
    monkeypatch.setattr(sys.modules[__name__], 'current', registry, raising=False)
    yield registry
    for name in ('lazy_parts', 'lazy_parts.ours'):
        sys.modules.pop(name, None)


def test_a_part_is_imported_when_it_is_looked_up(parts):
    assert parts.get('Theirs') is None and 'lazy_parts.ours' not in sys.modules
    assert parts.get('mmwsss.Ours').__module__ == 'lazy_parts.ours'


@pytest.mark.parametrize('asked_before', [False, True])
def test_a_name_of_ours_is_taken_whether_or_not_it_was_asked_for(parts, asked_before):
    if asked_before:
        parts.get('Ours')

    class Ours:
        pass

    with pytest.raises(KeyError, match='already registered'):
        parts.register_module(module=Ours)
    parts.register_module(module=Ours, force=True)
    assert parts.get('Ours') is Ours


def test_lazy_names():
    get = lazy_names('here', {'path': 'os'})
    assert get('path') is import_module('os').path
    with pytest.raises(AttributeError, match="'here' has no attribute 'other'"):
        get('other')
    assert MODELS.get('S2C') is mmwsss.models.S2C


def test_a_version_without_its_module(monkeypatch):
    name = next(n for n in ('mkdocs', 'ruff', 'codespell') if n not in sys.modules)
    monkeypatch.setattr('mmwsss.lazy.metadata.version', lambda module: '1.2')
    with version_alone(name):
        assert import_module(name).__version__ == '1.2'
    assert name not in sys.modules
    with version_alone('pytest'):  # there already
        assert sys.modules['pytest'] is pytest
    monkeypatch.undo()
    with version_alone('no_such_module'), pytest.raises(ImportError):
        import_module('no_such_module')


def test_names_include_what_nobody_has_asked_for(parts):
    assert parts.names() == {'Ours'} and 'lazy_parts.ours' not in sys.modules
