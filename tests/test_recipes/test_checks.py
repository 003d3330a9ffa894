"""What stages need is looked at before the first of them runs."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mmwsss.engine.parts import check_inputs
from mmwsss.recipes import checks
from mmwsss.recipes.errors import PipelineError
from mmwsss.recipes.pipeline import run_pipeline
from mmwsss.recipes.planning import Planner
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.resolving import resolve_config
from mmwsss.recipes.surroundings import environment
from mmwsss.weights import find_weights

CONFIGS = Path(__file__).parents[2] / 'configs'


def plan(recipe, folder, **options):
    """What a dry run prints, and its error."""
    text, error = io.StringIO(), ''
    try:
        run_pipeline(
            CONFIGS / recipe,
            work_dir=folder / 'work',
            console=Console(file=text, width=300),
            dry_run=True,
            **options,
        )
    except PipelineError as found:
        error = str(found)
    assert not (folder / 'work').exists()
    return text.getvalue(), error


def test_everything_missing_is_in_one_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, '_is_installed', lambda name: name != 'segment_anything')
    text, error = plan('s2c/s2c_voc_recipe.py', tmp_path, variables={'VOC_ROOT': '/nonexistent'})
    assert '8 of 8 stages will run' in text and 'nothing was started' in error
    rows = [line for line in text.splitlines() if 'MISSING' in line]
    for part in (
        'weights checkpoints/sam_vit_h_4b8939.pth',
        'weights checkpoints/resnet_38d.params',
        'data /nonexistent train_aug',
        'data /nonexistent val',
        "extra [sam] proposals, s2c, seeds MISSING: pip install 'mmwsss[sam]'",
    ):
        assert [row for row in rows if part in ' '.join(row.split())], (part, rows)
    assert len(rows) == len(set(rows)) == 5, 'each once, and nothing that a stage makes'


def test_the_compiled_crf_counts_where_it_is_asked_for():
    code = SimpleNamespace(imports_of=lambda model: {'pydensecrf', 'torch'})
    assert checks._extras({'model': {'refiner': {'type': 'CRF'}}}, code) == []
    asked = {'model': {'refiners': [{'type': 'CRF', 'backend': 'pydensecrf'}]}}
    assert checks._extras(asked, code) == ['pydensecrf']


@pytest.mark.slow
def test_photos_of_the_list_are_counted(tmp_path):
    (tmp_path / 'images').mkdir()
    for name in 'ab':
        image = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
        image.save(tmp_path / 'images' / f'{name}.jpg')
    table = tmp_path / 'tags.csv'
    table.write_text('image,tags\na.jpg,cat\nb.jpg,dog\n')
    variables = {'FOLDER_ROOT': str(tmp_path)}
    text, error = plan('cam/cam_folder_recipe.py', tmp_path, variables=variables)
    assert not error and '2 photos' in text and 'GiB free' in text
    table.write_text('image,tags\na.jpg,cat\nb.jpg,dog\nc.jpg,cow\n')
    _, error = plan('cam/cam_folder_recipe.py', tmp_path, variables=variables)
    assert 'things are missing or wrong' in error and f'data {tmp_path}' in error
    with pytest.raises(PipelineError, match='nothing was started'):
        run_pipeline(
            CONFIGS / 'cam/cam_folder_recipe.py', work_dir=tmp_path / 'w', variables=variables
        )
    assert not (tmp_path / 'w' / 'cam').exists()
    _, error = plan('cam/cam_folder_recipe.py', tmp_path, variables=variables, skip_checks=True)
    assert not error


def test_data_that_are_made_on_first_use_are_not_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, error = plan('demo/demo_recipe.py', tmp_path)
    assert not error and 'drawn on first use' in text
    assert not list(tmp_path.iterdir()), 'looking makes nothing'


def test_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, '_LEAST_FREE', 1 << 60)
    _, error = plan('demo/demo_recipe.py', tmp_path)
    assert 'disk' in error


def test_finished_stages_need_nothing(toy):
    toy.edit('masks.py', 'value=1', "value=1, checkpoint='checkpoints/none.pth'")
    toy.run(until_stage='first')
    with pytest.raises(PipelineError, match='weights checkpoints/none.pth'):
        toy.run()
    rows, _ = toy.run(until_stage='first')
    assert rows['first']['state'] == 'done'


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*/*_recipe.py')), ids=lambda path: path.stem)
def test_readme_names_every_file_of_weights_and_inputs_fit(path):
    recipe = load_recipe(path)
    readme = (path.parent / 'README.md').read_text()
    with environment({key: value or 'data' for key, value in recipe.variables.items()}):
        for stage in recipe.stages:
            cfg = resolve_config(stage, {}).to_dict()
            check_inputs(cfg, {key: str(reference) for key, reference in stage.inputs.items()})
            for name in find_weights(cfg):
                if not name.startswith('work_dirs/'):
                    assert Path(name).name in readme, f'{stage.name} needs {name}'


def test_mistyped_parts_are_found_before_the_first_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {
        'cam.custom_hooks': [dict(type='ChannelsLastHook', every=2)],
        'segmentor.model.decode_head.type': 'mmseg.DepthwiseSeparableASPPHed',
    }
    text, error = plan(
        'demo/demo_recipe.py',
        tmp_path,
        stage_options=options,
        variables={'SHAPES_ROOT': str(tmp_path / 'shapes')},
    )
    assert error.startswith('2 things are missing or wrong')
    said = ' '.join(text.split())
    assert "custom_hooks.0.every: ChannelsLastHook has no option 'every', it has none" in said
    assert "did you mean 'mmseg.DepthwiseSeparableASPPHead'?" in said


def test_a_broken_module_of_ones_own_is_found_before_the_first_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'broken_part.py').write_text('import no_such_module_of_mine')
    cfg = {'custom_imports': {'imports': ['broken_part']}}
    problem = checks._problem_of_config(cfg, Stage('cam', Path('cam.py'), 'train'))
    where = tmp_path / 'broken_part.py'
    missing = "No module named 'no_such_module_of_mine'"
    assert problem == f'custom_imports of cam.py: {where}, line 1: {missing}'


def test_inputs_of_another_kind_are_found_before_the_first_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / 'mixed_recipe.py'
    recipe.write_text(
        """
_cam, _segmentor = 'mmwsss::cam/cam_r18_shapes.py', 'mmwsss::demo/deeplabv3plus_r18_cam_shapes.py'
data = 'shapes'
recipe = dict(
    cam=dict(config=_cam, action='train'),
    seeds=dict(config=_cam, action='test', inputs={'load_from': 'cam.checkpoint'}),
    masks=dict(
        config='mmwsss::refine/par-masks.py',
        action='test',
        inputs={'test_dataloader.dataset.pipeline.LoadSeeds.store': 'cam.checkpoint'},
    ),
    segmentor=dict(
        config=_segmentor,
        action='train',
        inputs={'train_dataloader.dataset.store': 'seeds.scores'},
    ),
    predictions=dict(config=_segmentor, action='test', inputs={'load_from': 'masks.masks'}),
)
"""
    )
    text, error = plan(recipe, tmp_path)
    said = ' '.join(text.split())
    assert error.startswith('3 things are missing or wrong')
    for expected in (
        'LoadSeeds.store: LoadSeeds takes a store of scores, but is given cam.checkpoint',
        'dataset.store: PseudoMaskDataset takes a store of masks, but is given seeds.scores',
        'load_from: it takes a checkpoint, but is given masks.masks',
    ):
        assert expected in said


def test_stages_of_other_classes_are_named(tmp_path):
    recipe = load_recipe(CONFIGS / 'cam' / 'cam_lite0_voc_recipe.py')
    values = {name: value or '/nonexistent' for name, value in recipe.variables.items()}
    with environment(values):
        planner = Planner(recipe, tmp_path / 'work', seed=None, ignore_code=False)
        stage, reference = next(
            (stage, reference)
            for stage in recipe.stages
            for reference in stage.inputs.values()
            if reference.output == 'scores'
        )
        names = ('background', 'cat', 'dog')
        planner.configs[stage.name].test_dataloader.dataset.metainfo = {'classes': names}
        needs = checks.find_needs(planner, recipe.stages, tmp_path / 'work')
    problems = [need.problem for need in needs if need.what == 'classes']
    assert problems[0] == (
        f'{reference.stage} makes {reference} for other classes than {stage.name}: '
        '20 (aeroplane, bicycle, bird, ...) there, 2 (cat, dog) here'
    )
    assert not [need for need in needs if need.what == 'config']
