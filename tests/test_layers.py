"""Imports between the packages run downwards only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / 'mmwsss'
LAYERS = [
    {'version', 'compat', 'import_hooks', 'installed', 'lazy', 'preflight', '__init__', '__main__'},
    {'torchrun'},
    {'registry', 'weights'},
    {'structures'},
    {'stores'},
    {'config'},
    {'ops'},
    {'datasets'},
    {'exchange'},
    {'models'},
    {'proposers', 'refiners'},
    {'engine'},
    {'evaluation'},
    {'visualization'},
    {'recipes'},
    {'apis'},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def test_every_layer_is_there():
    found = {path.name.removesuffix('.py') for path in ROOT.iterdir()} | {'__init__'}
    assert set(RANK) <= found, f'{set(RANK) - found} are gone'


def layer(path):
    return path.relative_to(ROOT).parts[0].removesuffix('.py')


def imported(path):
    """Names of our own packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f'{path}: relative import in line {node.lineno}')
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split('.')
            if parts[0] == 'mmwsss' and len(parts) > 1:
                yield parts[1] if parts[1] in RANK else '__init__'


@pytest.mark.parametrize(
    'path', sorted(ROOT.rglob('*.py')), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_imports_run_downwards(path):
    mine = layer(path)
    assert mine in RANK, f'{mine} has no place in the list of layers'
    upwards = {name for name in imported(path) if RANK[name] > RANK[mine]}
    assert not upwards, f'{path.name} ({mine}) imports {upwards}, which stand above it'


@pytest.mark.parametrize('package', ['structures', 'stores'])
def test_stores_need_no_torch_to_import(package):
    """Only the reader of other people's tensors imports torch, when it meets one."""
    for path in (ROOT / package).rglob('*.py'):
        top = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Import)]
        assert not [a.name for n in top for a in n.names if a.name.startswith(('torch', 'mm'))]
