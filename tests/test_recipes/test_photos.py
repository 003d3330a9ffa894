"""What is said of one's own photos before and after."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mmwsss.datasets import TaggedFolder
from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.photos import all_photos, print_tags
from mmwsss.recipes.reading import load_recipe


@pytest.fixture
def folder(tmp_path):
    """A function that makes photos with these tags."""

    def make(tags):
        (tmp_path / 'images').mkdir()
        for number in range(len(tags)):
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / f'images/{number}.png')
        lines = [f'{number}.png,{tag}\n' for number, tag in enumerate(tags)]
        (tmp_path / 'tags.csv').write_text(''.join(lines))
        return tmp_path

    return make


def printed(root, trained=None):
    console = Console(width=100, record=True, file=io.StringIO())
    print_tags(TaggedFolder(data_root=str(root)), console, trained)
    return ' '.join(console.export_text().split())


def test_tags_are_counted(folder):
    text = printed(folder(['cat'] * 12 + ['dog;cat'] * 11 + ['dog', '']), trained=23)
    assert 'cat 23' in text
    assert 'dog 12' in text
    assert 'without tags 1' in text
    assert '2 photos are held out' in text
    assert 'warning' not in text


def test_rare_tags_and_tags_on_every_photo_are_warned_of(folder):
    text = printed(folder(['beach;dog'] * 9 + ['beach'] * 3))
    assert 'warning: fewer than 10 photos have the tag dog (9)' in text
    assert "warning: every photo has the tag 'beach'" in text


def test_held_out_photos_count(folder):
    root = folder(['cat'] * 20)
    config = dict(type='TaggedFolder', data_root=str(root), part='train')
    assert len(all_photos(config)) == 20


@pytest.mark.parametrize(
    'photos, message',
    [
        ("dict(tags='cam')", 'must be a dict of tags, seeds, masks'),
        ("dict(tags='no', seeds='x.scores', masks='x.masks')", "tags='no' is no stage that is"),
        ("dict(tags='cam', seeds='x.scores', masks='x.masks')", "'x' is no earlier stage"),
    ],
)
def test_recipe_key(tmp_path, photos, message):
    (tmp_path / 'c.py').write_text('a = 1\n')
    (tmp_path / 'r.py').write_text(
        f"recipe = [dict(name='cam', config='c.py', action='train')]\nphotos = {photos}\n"
    )
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / 'r.py')
