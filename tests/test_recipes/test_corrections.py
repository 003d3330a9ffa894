"""Masks that were corrected by hand, in a recipe that runs again."""

import json

import numpy as np
import pytest
from PIL import Image

from mmwsss.exchange import EXCHANGE_FORMATS, export_masks, import_corrections
from mmwsss.recipes.errors import PipelineError
from mmwsss.stores import open_store
from tests.test_recipes.test_pipeline import STAGES, verbs

THREE = ['a', 'b', 'c']


@pytest.fixture
def finished(toy):
    """A recipe that has run on four photos."""
    (toy.root / 'train.txt').write_text('a\nb\nc\nd\n')
    toy.run()
    return toy


def store_of(toy):
    return open_store(toy.work_dir / 'masks' / 'masks', 'masks')


def correct(toy):
    """Take three masks to a tool, paint in them, and bring them back."""
    fmt, out = EXCHANGE_FORMATS['png'], toy.root / 'out'
    export_masks(store_of(toy), fmt, out, ids=THREE)
    for number, id in enumerate(THREE):
        mask = np.ones((4, 4), np.uint8)
        mask[number] = 2
        Image.fromarray(mask).save(out / f'{id}.png')
    store = store_of(toy)
    assert import_corrections(out, fmt, 'png', store).changed == THREE
    return {id: store[id] for id in THREE}


def assert_kept(toy, masks):
    store = store_of(toy)
    for id, mask in masks.items():
        np.testing.assert_array_equal(store[id], mask)
    assert sorted(store.corrections.read()) == THREE


def test_later_stages_see_corrections_and_earlier_ones_keep_them(finished):
    masks = correct(finished)
    before = finished.log('masks')
    _, text = finished.run(dry_run=True)
    assert 'inputs changed (masks.masks)' in text
    _, text = finished.run()
    assert verbs(text) == {**dict.fromkeys(STAGES, 'done'), 'second': 'redo'}
    assert '3 masks corrected by hand are kept and used (a, b, c)' in text
    assert finished.log('masks') == before, 'the stage has not run again'
    assert_kept(finished, masks)
    stages = json.loads((finished.work_dir / 'manifest.json').read_text())['stages']
    stage = {stage['name']: stage for stage in stages}
    assert stage['second']['input_hashes'] == {'masks.masks': stage['masks']['outputs']['masks']}
    _, text = finished.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'done')


@pytest.mark.parametrize('overwrite', [False, True])
@pytest.mark.slow
def test_a_mask_stage_that_is_redone_takes_them_over(finished, overwrite):
    masks = correct(finished)
    finished.edit('masks.py', 'value=1', 'value=2')
    _, text = finished.run(overwrite=overwrite)
    assert verbs(text)['masks'] == 'redo' and verbs(text)['second'] == 'redo'
    assert '1 images are left' in finished.log('masks')
    assert_kept(finished, masks)
    assert (store_of(finished)['d'] == 2).all(), 'the others are made anew'
    assert (finished.work_dir / 'masks.old').exists() is not overwrite
    _, text = finished.run()
    assert verbs(text) == dict.fromkeys(STAGES, 'done')
    finished.edit('masks.py', 'value=2', 'value=0')
    finished.run(overwrite=overwrite)
    assert_kept(finished, masks)


def test_a_kill_while_they_are_taken_over(finished, monkeypatch):
    masks = correct(finished)
    finished.edit('masks.py', 'value=1', 'value=2')
    with monkeypatch.context() as patch:

        def killed(*arguments):
            raise KeyboardInterrupt

        patch.setattr('mmwsss.stores.corrections.atomic_write_bytes', killed)
        with pytest.raises(PipelineError, match='interrupted'):
            finished.run()
    _, text = finished.run()
    assert verbs(text)['masks'] == 'resume'
    assert_kept(finished, masks)


def test_missing_masks_beside_corrected_ones_are_made_again(finished):
    masks = correct(finished)
    store_of(finished).path('d').unlink()
    _, text = finished.run()
    assert verbs(text)['masks'] == 'resume' and '1 images are left' in finished.log('masks')
    assert_kept(finished, masks)


def test_an_edited_mask_that_was_not_imported_is_named(finished):
    path = store_of(finished).path('b')
    Image.fromarray(np.full((4, 4), 2, np.uint8)).save(path)
    _, text = finished.run(dry_run=True)
    folder = path.parent
    assert '1 masks were edited in the store and not imported (b)' in text
    assert f'mmwsss import-masks png {folder} {folder} --ids b' in text
    store = store_of(finished)
    import_corrections(folder, EXCHANGE_FORMATS['png'], 'png', store, ids=['b'])
    _, text = finished.run()
    assert verbs(text)['masks'] == 'done' and verbs(text)['second'] == 'redo'
    assert '1 masks corrected by hand' in text
    # A corrected mask may be edited once more.
    Image.fromarray(np.full((4, 4), 0, np.uint8)).save(path)
    _, text = finished.run(dry_run=True)
    assert 'edited in the store and not imported (b)' in text


@pytest.mark.parametrize(
    ('image', 'reason'),
    [
        (Image.new('RGB', (4, 4), (0, 128, 0)), 'palette or grey PNG is expected, found mode RGB'),
        (Image.fromarray(np.full((4, 4), 99, np.uint8)), '99'),
    ],
    ids=['colours', 'no class'],
)
def test_a_mask_that_was_saved_as_something_else_is_kept_aside(finished, image, reason):
    path = store_of(finished).path('b')
    made = path.read_bytes()
    image.save(path)
    painted = path.read_bytes()
    _, text = finished.run(dry_run=True)
    assert path.read_bytes() == painted
    _, text = finished.run()
    kept = finished.work_dir / 'masks/unreadable/b.png'
    assert kept.read_bytes() == painted and path.read_bytes() == made
    assert f'kept in {kept}' in text and reason in text


def test_a_broken_record_stops_before_anything_runs(finished):
    correct(finished)
    (finished.work_dir / 'masks/masks/corrected.json').write_text('{')
    with pytest.raises(PipelineError, match='stage masks: .*corrected.json: cannot be read'):
        finished.run()
