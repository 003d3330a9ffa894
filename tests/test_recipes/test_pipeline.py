"""A recipe of toy stages: done, changed, killed, failed, continued."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmwsss.config import read_config
from mmwsss.recipes.errors import PipelineError, RecipeError
from mmwsss.recipes.pipeline import _SAID
from tests.test_recipes.conftest import TOOLS

STAGES = ['first', 'masks', 'second', 'train', 'val', 'nothing']


def verbs(text):
    """Decision on each stage, from what was printed."""
    said = {f'{{}} {said}: ': verb for verb, said in _SAID.items()}
    return {
        name: verb
        for name in STAGES
        for line in text.splitlines()
        for start, verb in said.items()
        if line.startswith(start.format(name))
    }


def test_runs_everything_once(toy):
    rows, text = toy.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'run')
    assert list(rows) == STAGES
    assert rows['masks']['mask'] and rows['val']['segmentor'] and not rows['val']['mask']
    assert rows['val']['list'] == 'val' and rows['nothing']['is_baseline']
    assert 'val: list' in text and 'stride 1' in text, 'the protocol stands beside the number'
    before = toy.log('first')

    _, text = toy.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'done')
    assert toy.log('first') == before

    manifest = json.loads((toy.work_dir / 'manifest.json').read_text())
    stage = {stage['name']: stage for stage in manifest['stages']}
    assert stage['second']['input_hashes'] == {'masks.masks': stage['masks']['outputs']['masks']}
    assert '--work-dir' in stage['second']['command']
    assert stage['masks']['metrics']['masks/mIoU'] > 0 and stage['masks']['list_hash']
    assert manifest['environment']['packages']['torch']
    assert manifest['environment']['threads']['OMP_NUM_THREADS'] == os.environ['OMP_NUM_THREADS']
    assert manifest['environment']['threads']['cores'] >= 1
    assert manifest['settings']['variables'] == {'TOY_NOTE': 'hello'}


def test_dry_run_writes_nothing(toy):
    _, text = toy.run(dry_run=True)
    assert not toy.work_dir.exists()
    assert 'first    will run        it has not run before' in text
    assert 'masks    will run        takes what first will make' in text
    assert 'train.py with model.width=8, train_dataloader.dataset.store=masks.masks' in text
    assert '6 of 6 stages will run' in text


def test_changed_config_redoes_what_depends_on_it(toy):
    toy.run()
    toy.edit('masks.py', 'value=1', 'value=2')
    _, text = toy.run(dry_run=True)
    assert 'config changed (model.value: 1 -> 2)' in text
    _, text = toy.run()
    assert verbs(text) == {
        'first': 'done',
        'masks': 'redo',
        'second': 'redo',
        'train': 'done',  # the toy's second training makes the same checkpoint again
        'val': 'done',
        'nothing': 'redo',
    }
    assert 'inputs changed (masks.masks)' in text
    assert (toy.work_dir / 'masks.old' / 'done.json').is_file()


def test_what_is_unfinished_replaces_no_older_result(toy):
    toy.run(until_stage='first')
    toy.trouble.write_text('fail')
    for epochs in (3, 4):
        toy.edit('train.py', f'max_epochs={epochs - 1}', f'max_epochs={epochs}')
        with pytest.raises(PipelineError, match='stage first failed'):
            toy.run(until_stage='first')
        assert (toy.work_dir / 'first.old' / 'done.json').is_file()


def test_overwrite_keeps_no_older_result(toy):
    toy.run(until_stage='masks')
    toy.edit('masks.py', 'value=1', 'value=2')
    toy.run(until_stage='masks', overwrite=True)
    assert not (toy.work_dir / 'masks.old').exists()


def test_what_does_not_matter_redoes_nothing(toy):
    toy.run(until_stage='masks')
    toy.edit('train.py', 'num_workers=0', 'num_workers=3')
    toy.edit('train.py', 'test_cfg = dict()', "test_cfg = dict(type='TestLoop')")
    _, text = toy.run(until_stage='masks')
    assert verbs(text) == {'first': 'done', 'masks': 'done'}


def test_changed_list_redoes(toy):
    toy.run(until_stage='first')
    (toy.root / 'train.txt').write_text('a\n')
    _, text = toy.run(until_stage='first')
    assert verbs(text) == {'first': 'redo'} and 'files changed' in text


def test_changed_code_redoes_unless_told_otherwise(toy, monkeypatch):
    toy.run(until_stage='first')
    monkeypatch.setattr(
        'mmwsss.recipes.code.ReachableCode.hashes', lambda *arguments: {'mmwsss.engine': 'other'}
    )
    _, text = toy.run(until_stage='first', ignore_code=True)
    assert verbs(text) == {'first': 'done'}
    _, text = toy.run(until_stage='first')
    assert verbs(text) == {'first': 'redo'} and '--ignore-code' in text


def test_variables(toy, monkeypatch):
    _, text = toy.run(until_stage='masks', variables={'TOY_NOTE': 'other'})
    _, text = toy.run(until_stage='masks')
    assert 'note: other -> hello' in text
    assert 'TOY_NOTE' not in os.environ
    with pytest.raises(RecipeError, match='--set TOY: the variables of .* are TOY_NOTE'):
        toy.run(variables={'TOY': '1'})
    toy.edit('toy_recipe.py', "'hello'", 'None')
    with pytest.raises(RecipeError, match='needs --set TOY_NOTE=...'):
        toy.run()
    monkeypatch.setenv('TOY_NOTE', 'hello')
    _, text = toy.run(until_stage='masks')
    assert verbs(text)['masks'] == 'done'


def test_from_and_until(toy):
    with pytest.raises(PipelineError, match='takes first.checkpoint, but stage first is not finis'):
        toy.run(from_stage='masks')
    _, text = toy.run(until_stage='first')
    assert verbs(text) == {'first': 'run'}
    toy.edit('train.py', 'width=4', 'width=5')  # first is out of date, and taken as it is
    _, text = toy.run(from_stage='masks', until_stage='masks')
    assert verbs(text) == {'masks': 'run'}
    with pytest.raises(RecipeError, match="stage 'first' comes before stage 'masks'"):
        toy.run(from_stage='masks', until_stage='first')
    with pytest.raises(RecipeError, match="no stage 'mask', did you mean 'masks'"):
        toy.run(from_stage='mask')


def test_seed_reaches_every_stage(toy):
    toy.run(until_stage='masks', seed=3)
    for stage in ('first', 'masks'):
        assert read_config(toy.work_dir / stage / 'config.py').randomness.seed == 3
    _, text = toy.run(until_stage='first', seed=4)
    assert 'randomness.seed: 3 -> 4' in text


def test_failure_names_stage_log_and_last_lines(toy):
    toy.trouble.write_text('fail')
    with pytest.raises(PipelineError) as caught:
        toy.run()
    message = str(caught.value)
    assert 'stage first failed (exit code 3)' in message
    assert '| RuntimeError: the toy is broken' in message
    assert str(toy.work_dir / 'first' / 'stdout.log') in message and 'same command' in message
    manifest = json.loads((toy.work_dir / 'manifest.json').read_text())
    assert manifest['stages'][0]['state'] == 'unfinished'

    toy.trouble.unlink()
    rows, text = toy.run()
    assert verbs(text)['first'] == 'resume' and 'resumed from epoch 1' in toy.log('first')
    assert (
        rows['first']['seconds']
        > json.loads((toy.work_dir / 'first' / 'started.json').read_text())['seconds']
    ), 'the time of both runs counts'


def test_a_half_done_training_with_other_options_is_redone(toy):
    toy.trouble.write_text('fail')
    with pytest.raises(PipelineError, match='stage first failed'):
        toy.run(seed=3)
    toy.trouble.unlink()
    options = {'stage_options': {'first.model.width': 6}, 'seed': 4, 'until_stage': 'first'}
    _, text = toy.run(**options)
    said = 'first is redone: config changed (model.width: 4 -> 6; randomness.seed: 3 -> 4)'
    assert said in ' '.join(text.split()) and 'resumed' not in toy.log('first')
    assert (toy.work_dir / 'first.old' / 'epoch_1.pth').is_file(), 'what was done is kept'


def test_a_failure_that_explains_itself_is_all_that_is_shown(toy):
    toy.trouble.write_text('explain')
    with pytest.raises(PipelineError) as caught:
        toy.run()
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        'stage first failed (exit code 1):',
        '  | error: what is wrong',
        '  | and what to do',
    ]
    assert len(lines) == 5


def test_store_stage_continues_by_itself(toy):
    toy.run(until_stage='masks')
    (toy.work_dir / 'masks' / 'masks' / 'a.png').unlink()
    _, text = toy.run(until_stage='masks')
    assert verbs(text) == {'first': 'done', 'masks': 'resume'}
    assert '1 images are left' in toy.log('masks')


def test_missing_checkpoint_begins_anew(toy):
    toy.run(until_stage='first')
    (toy.work_dir / 'first' / 'epoch_2.pth').unlink()
    _, text = toy.run(until_stage='first')
    assert verbs(text) == {'first': 'redo'} and 'missing or was changed' in text


def test_moved_work_dir_is_still_done(toy):
    toy.run()
    toy.work_dir = toy.work_dir.rename(toy.root / 'elsewhere')
    _, text = toy.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'done')


def test_foreign_files_are_not_touched(toy):
    (toy.work_dir / 'first').mkdir(parents=True)
    (toy.work_dir / 'first' / 'thesis.txt').write_text('important')
    with pytest.raises(PipelineError, match='holds files that no pipeline left there'):
        toy.run(overwrite=True)
    assert (toy.work_dir / 'first' / 'thesis.txt').read_text() == 'important'


def test_stage_without_its_output_is_a_failure(toy):
    toy.edit('train.py', 'max_epochs=2', 'max_epochs=0')
    with pytest.raises(PipelineError, match='ended without error but left no checkpoint'):
        toy.run()


def test_inputs_are_checked_before_anything_runs(toy):
    toy.edit('toy_recipe.py', 'train_dataloader.dataset.store', 'train_dataloader.dataset.stroe')
    with pytest.raises(RecipeError, match=r"second: .*train.py: .*did you mean 'store'"):
        toy.run()
    toy.edit('toy_recipe.py', 'train_dataloader.dataset.stroe', 'train_dataloader.dataset.store')
    toy.edit('toy_recipe.py', 'masks.masks', 'masks.scores')
    with pytest.raises(RecipeError, match='second takes masks.scores, but masks makes masks'):
        toy.run()
    toy.edit('masks.py', "type='Refine'", "type='Refine'))")
    with pytest.raises(RecipeError, match=r'stage masks: .*masks.py, line 2: '):
        toy.run()


def test_parts_of_a_list_are_found_by_type(toy):
    toy.edit(
        'toy_recipe.py',
        "inputs={'load_from': 'first.checkpoint'}),\n    dict(\n        name='second'",
        "inputs={'test_dataloader.dataset.pipeline.LoadThing.store': 'zero.masks'}),\n"
        "    dict(\n        name='second'",
    )
    toy.edit(
        'toy_recipe.py',
        'recipe = [',
        "recipe = [dict(name='zero', config='masks.py', action='test'),",
    )
    toy.run(until_stage='masks')
    cfg = read_config(toy.work_dir / 'masks' / 'config.py')
    found = [part.get('store') for part in cfg.test_dataloader.dataset.pipeline]
    assert found == [None, str(toy.work_dir / 'zero' / 'masks')]
    toy.edit('toy_recipe.py', 'LoadThing', 'LoadThink')
    with pytest.raises(RecipeError, match='0 parts of .*pipeline have the type LoadThink'):
        toy.run(dry_run=True)


def test_work_dirs_of_any_name(toy, monkeypatch):
    """Blanks, brackets, commas and quotes: as the folder's name, of the data too."""
    name = 'my results, 2 [a] it\'s {x} "y" $HOME é'
    moved = toy.root / name
    moved.mkdir()
    for path in [*toy.root.glob('*.py'), *toy.root.glob('*.txt')]:
        path.rename(moved / path.name)
    # The toy's configs have the folder of their lists from a variable.
    for path in moved.glob('*.py'):
        text = path.read_text().replace(str(toy.root), '{{$TOY_ROOT:nowhere}}')
        path.write_text(text.replace('variables = dict(', "variables = dict(TOY_ROOT='', "))
    toy.recipe, toy.work_dir = moved / toy.recipe.name, moved / 'work (1)' / name
    monkeypatch.setenv('TOY_ROOT', str(moved))
    rows, text = toy.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'run') and rows['val']['segmentor']
    record = json.loads((toy.work_dir / 'second' / 'done.json').read_text())
    log = (toy.work_dir / 'second' / 'stdout.log').read_text()
    printed = log.splitlines()[0].removeprefix('$ ')
    assert shlex.split(printed) == record['command'], 'it can be pasted'
    _, text = toy.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'done')


def test_stage_runs_on_a_resolved_config(toy):
    toy.run(until_stage='second')
    cfg = read_config(toy.work_dir / 'second' / 'config.py')
    assert cfg.filename == str(toy.root / 'train.py'), 'records name the config of the recipe'
    assert cfg.model.width == 8
    assert cfg.train_dataloader.dataset.store == str(toy.work_dir / 'masks' / 'masks')
    assert not (toy.work_dir / 'second' / '.config.py').exists()


def test_method_from_outside(toy, monkeypatch):
    """It lies in the folder that the run starts from, where only stages look for modules."""
    toy.edit('train.py', 'load_from = None', "custom_imports = dict(imports=['theirs.net'])")
    monkeypatch.chdir(toy.root)
    with pytest.raises(RecipeError, match=r'stage first: .*train.py: .*no module theirs.net in .*'):
        toy.run()
    assert not toy.work_dir.exists()
    (toy.root / 'theirs').mkdir()
    (toy.root / 'theirs' / '__init__.py').write_text('')
    (toy.root / 'theirs' / 'net.py').write_text('x = 1\n')
    toy.run(until_stage='masks')
    (toy.root / 'theirs' / 'net.py').write_text('x = 2\n')
    _, text = toy.run(until_stage='masks')
    assert verbs(text) == {'first': 'redo', 'masks': 'done'}
    assert 'code changed (theirs.net)' in text


def test_edited_numbers_are_noticed(toy):
    toy.run()
    path = toy.work_dir / 'val' / 'metrics.json'
    before = path.read_text()
    path.write_text(before.replace('"stride": 1', '"stride": 2'))
    _, text = toy.run()
    assert verbs(text) == {**dict.fromkeys(STAGES, 'done'), 'val': 'resume'}
    assert json.loads(path.read_text()) == json.loads(before)


@pytest.mark.parametrize(
    'content', ['{}', '[]', 'null', '{"identity": 3}', '{"outputs": {"checkpoint": 1}}', '\0', '']
)
def test_records_of_other_content(toy, content):
    toy.run(until_stage='masks')
    (toy.work_dir / 'first' / 'done.json').write_text(content)
    (toy.work_dir / 'masks' / 'metrics.json').write_text('{"protocol": 3}')
    rows, text = toy.run(until_stage='masks')
    assert verbs(text) == {'first': 'resume', 'masks': 'resume'}
    assert rows['masks']['mask']


@pytest.mark.parametrize('content', [b'\0', b'\xff\xfe', b'x' * 9000, b'', b'/', b'nothing.pth'])
def test_garbage_in_last_checkpoint(toy, content):
    toy.run(until_stage='first')
    (toy.work_dir / 'first' / 'last_checkpoint').write_bytes(content)
    _, text = toy.run(until_stage='first', dry_run=True)
    assert 'its output is missing or was changed' in text


def test_mistyped_keys_are_refused(toy):
    for wrong, right in (('model.widht', 'width'), ('modell.width', 'model')):
        toy.edit('toy_recipe.py', "{'model.width': 8}", f"{{'{wrong}': 8}}")
        with pytest.raises(RecipeError, match=f"stage second: .*{wrong}.*did you mean '{right}'"):
            toy.run(dry_run=True)
        toy.edit('toy_recipe.py', f"{{'{wrong}': 8}}", "{'model.width': 8}")
    toy.edit('toy_recipe.py', 'dataset.store', 'dataset.stroe')
    with pytest.raises(RecipeError, match="did you mean 'store'"):
        toy.run(dry_run=True)


def test_stage_options(toy):
    options = {'first.model.width': 6, 'masks.model.value': 2}
    toy.run(until_stage='masks', stage_options=options)
    assert read_config(toy.work_dir / 'first' / 'config.py').model.width == 6
    manifest = json.loads((toy.work_dir / 'manifest.json').read_text())
    assert manifest['settings']['stage_options'] == options
    _, text = toy.run(until_stage='masks', dry_run=True)
    assert 'model.width: 6 -> 4' in text
    for wrong, message in (
        ('frist.model.width', "no stage 'frist', did you mean 'first'"),
        ('train_cfg.max_epochs', r'begin with one of first, .*, as in first\.KEY'),
        ('first', 'a key is missing'),
        ('masks.load_from', 'load_from is an input of it'),
        ('first.model.widht', "did you mean 'width'"),
    ):
        with pytest.raises(RecipeError, match=message):
            toy.run(stage_options={wrong: 1}, dry_run=True)


def test_bad_launch(toy):
    with pytest.raises(RecipeError, match='launcher must be one of none, pytorch, slurm'):
        toy.run(launcher='mpi')
    with pytest.raises(RecipeError, match='processes must be at least 1, found 0'):
        toy.run(nproc=0)


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and nohup this one
from mmwsss.recipes import warm
from mmwsss.recipes.pipeline import run_pipeline
from mmwsss.config import read_config
from mmwsss.recipes.errors import PipelineError
warm.MODULES = ()
try:  # the toy's networks are known to its own tools alone: their configs cannot be checked here
    run_pipeline(sys.argv[1], work_dir=sys.argv[2], tools=sys.argv[3], skip_checks=True)
except PipelineError as error:
    sys.exit(str(error))
"""


def start(toy, python=sys.executable):
    """Start a pipeline that waits in its first stage; returns the process."""
    toy.trouble.write_text('wait')
    (toy.work_dir / 'first' / 'waiting').unlink(missing_ok=True)
    process = subprocess.Popen(
        [python, '-c', SCRIPT, toy.recipe, toy.work_dir, TOOLS],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (toy.work_dir / 'first' / 'waiting').exists():
        assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
        time.sleep(0.05)
    return process


def stage_process(toy):
    """Id of the toy's running stage."""
    process = json.loads((toy.work_dir / '.pipeline.lock').read_text())['process']
    stat = Path(f'/proc/{process}/stat')
    return process if stat.exists() and ') Z' not in stat.read_text() else None


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks for processes in /proc')
@pytest.mark.parametrize('sent', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
def test_asked_to_stop_it_ends_the_stage_and_continues_later(toy, sent, warm_python):
    process = start(toy, warm_python)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1 and 'interrupted in stage first' in errors
    assert stage_process(toy) is None
    toy.trouble.unlink()
    _, text = toy.run(until_stage='first', ignore_code=True)
    assert verbs(text) == {'first': 'resume'} and 'resumed from epoch 1' in toy.log('first')


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks for processes in /proc')
@pytest.mark.slow
def test_killed_pipeline_leaves_its_stage_the_folder(toy):
    process = start(toy)
    with pytest.raises(PipelineError, match=f'in use by another pipeline.*process {process.pid} '):
        toy.run()
    process.kill()
    process.communicate()
    orphan = stage_process(toy)
    advice = f'stage first, which outlived its pipeline: process {orphan} on .*: kill {orphan}'
    with pytest.raises(PipelineError, match=advice):
        toy.run()
    _, text = toy.run(dry_run=True)
    assert re.search(advice, text)
    os.kill(orphan, signal.SIGKILL)
    toy.trouble.unlink()
    deadline = time.monotonic() + 10
    while stage_process(toy) and time.monotonic() < deadline:
        time.sleep(0.05)
    _, text = toy.run(until_stage='first', ignore_code=True)
    assert verbs(text) == {'first': 'resume'}
