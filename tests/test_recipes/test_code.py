"""Which code a stage's result depends on; nothing is imported to find out."""

import inspect
import shutil
from importlib import import_module
from pathlib import Path

import mmengine.registry
import pytest

import mmwsss.datasets
import mmwsss.models
import mmwsss.proposers
import mmwsss.registry
from mmwsss.recipes.code import ReachableCode
from mmwsss.recipes.identity import describe
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.resolving import resolve_config
from mmwsss.recipes.surroundings import environment

ROOT = Path(__file__).parents[2]


def stages_of(name):
    """Stages of a recipe with what counts in their configs."""
    recipe = load_recipe(ROOT / 'configs' / name)
    values = {key: value or 'data' for key, value in recipe.variables.items()}
    with environment(values):
        return {stage.name: (stage, resolve_config(stage, {})) for stage in recipe.stages}


def code(stages, package):
    reachable = ReachableCode(package, [])
    found = {}
    for name, (stage, cfg) in stages.items():
        content = cfg.to_dict()
        if stage.action == 'test':
            content = {k: v for k, v in content.items() if not k.startswith(('train_', 'val_'))}
        else:
            content = {k: v for k, v in content.items() if not k.startswith('test_')}
        found[name] = reachable.hashes(content, stage.action)
    return found


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / 'mmwsss'
    shutil.copytree(ROOT / 'mmwsss', folder, ignore=shutil.ignore_patterns('__pycache__', 'lists'))
    return folder


def test_one_object_knows_files_as_they_were(package):
    reachable = ReachableCode(package, [])
    before = reachable.hashes({}, 'test')
    edit(package / 'engine/testing.py')
    assert reachable.hashes({}, 'test') == before
    assert ReachableCode(package, []).hashes({}, 'test') != before


def edit(path, text='\nedited = 1\n'):
    path.write_text(path.read_text() + text)


def test_edited_method_leaves_other_stages_done(package):
    recipes = ('cti/cti_shapes_recipe.py', 'icam/icam_shapes_recipe.py')
    stages = {name: stages_of(name) for name in recipes}
    before = {name: code(found, package) for name, found in stages.items()}
    edit(package / 'models/cam_generators/cti.py')
    after = {name: code(found, package) for name, found in stages.items()}
    cti, icam = (
        {stage for stage, found in after[name].items() if found != before[name][stage]}
        for name in recipes
    )
    assert not icam
    assert cti and cti < set(stages[recipes[0]])
    for stage in cti:
        assert stages[recipes[0]][stage][1].model.type == 'CTI'


@pytest.mark.slow
def test_comments_and_docstrings_do_not_count(package):
    stages = stages_of('demo/demo_recipe.py')
    before = code(stages, package)
    edit(package / 'models/cam_generators/cam.py', '\n\n# why\n')
    path = package / 'refiners/par.py'
    path.write_text('"""Other words."""\n' + path.read_text().partition('"""\n')[2])
    assert code(stages, package) == before
    edit(package / 'models/cam_generators/cam.py')
    changed = code(stages, package)
    assert changed['cam'] != before['cam'] and changed['masks_train'] == before['masks_train']
    edit(package / 'engine/launch.py')
    assert all(code(stages, package)[name] != changed[name] for name in stages)


def test_every_registered_type_is_found_without_importing_it():
    types = ReachableCode()._types()
    registries = [r for r in vars(mmwsss.registry).values() if isinstance(r, mmengine.Registry)]
    checked = 0
    for package in (mmwsss.models, mmwsss.proposers, mmwsss.datasets):
        for home in package.HOMES.values():
            import_module(home)
    for registry in registries:
        registry.import_from_location()
        for name, part in registry.module_dict.items():
            if part.__module__.startswith('mmwsss.'):
                assert Path(inspect.getsourcefile(part)) in types.get(name, ()), name
                checked += 1
    assert checked > 100


def test_code_lists_are_a_part_of_the_package():
    stages = stages_of('demo/demo_recipe.py')
    total = len(list((ROOT / 'mmwsss').rglob('*.py')))
    for name, found in code(stages, ROOT / 'mmwsss').items():
        assert 20 < len(found) < total / 2, name
        assert 'mmwsss.engine.runner' in found and 'mmwsss.apis' not in found


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A method outside of our package, in the folder that a run starts from."""
    folder = tmp_path / 'run' / 'their_method'
    (folder / 'parts').mkdir(parents=True)
    (folder / '__init__.py').write_text('')
    (folder / 'parts' / '__init__.py').write_text('')
    (folder / 'parts' / 'net.py').write_text(
        'from mmwsss.models.cam_generators import CTI\nfrom ..helper import help\nimport beside\n'
    )
    (folder / 'helper.py').write_text('def help():\n    return 1\n')
    (folder / 'unused.py').write_text('x = 1\n')
    (tmp_path / 'run' / 'beside.py').write_text('x = 1\n')
    monkeypatch.chdir(tmp_path / 'run')
    return folder


def test_package_from_outside_counts_whole(outside):
    def found():
        return ReachableCode().hashes({}, 'train', ['their_method.parts.net'])

    before = found()
    assert {'their_method.helper', 'their_method.unused', 'beside'} <= set(before)
    assert 'mmwsss.models.cam_generators.cti' in before, 'and what it uses of ours'
    for path in (outside / 'helper.py', outside / 'unused.py', outside.parent / 'beside.py'):
        edit(path)
        after = found()
        assert after != before, path
        before = after


def test_what_a_package_imports_on_demand_is_found(outside):
    net = outside / 'parts' / 'net.py'
    net.write_text(net.read_text().replace('mmwsss.models.cam_generators', 'mmwsss.models'))
    found = ReachableCode().hashes({}, 'train', ['their_method.parts.net'])
    assert 'mmwsss.models.cam_generators.cti' in found
    assert not {name for name in found if name.startswith('mmwsss.models.one_stage')}


def test_installed_package_counts_by_its_version():
    found = ReachableCode().hashes({}, 'train', ['rich.table'])
    assert 'rich' in found and 'rich.table' not in found


def test_missing_modules(outside):
    code = ReachableCode()
    names = [
        'their_method.parts.net',
        'their_method.nothing',
        'no_such_package',
        'rich.table',
        'os',
    ]
    assert code.missing(names) == ['their_method.nothing', 'no_such_package']


def test_record_names_files(outside):
    stage, cfg = stages_of('demo/demo_recipe.py')['cam']
    record = describe(stage, cfg, {})
    assert record['code']['mmwsss.models.cam_generators.cam']
