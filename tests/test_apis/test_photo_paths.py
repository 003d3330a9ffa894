import os

import pytest
from PIL import Image

from mmwsss.apis.photo_paths import find_photos, find_unread, output_names
from mmwsss.datasets import DataError
from tests.conftest import photo


@pytest.fixture
def photos(tmp_path):
    for name in ('x/a.jpg', 'x/b [1].JPG', 'y/a.jpg', 'y/a.png', 'y/deep/c.jpg'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo()).save(path)
    (tmp_path / 'x/.hidden.jpg').touch()
    (tmp_path / 'x/notes.txt').touch()
    return tmp_path


def test_files_folders_and_patterns(photos):
    assert list(find_photos([photos / 'x'])) == ['a.jpg', 'b [1].JPG']
    both = ['x/a.jpg', 'x/b [1].JPG', 'y/a.jpg', 'y/a.png', 'y/deep/c.jpg']
    assert list(find_photos([photos])) == both
    assert list(find_photos([photos / 'x', photos / 'y'])) == both
    assert list(find_photos([photos / 'x/a.jpg', photos / 'y/a.jpg'])) == ['x/a.jpg', 'y/a.jpg']
    assert list(find_photos([photos / 'x/b [1].JPG'])) == ['b [1].JPG']
    assert list(find_photos([f'{photos}/*/a.*'])) == ['x/a.jpg', 'y/a.jpg', 'y/a.png']
    assert list(find_photos([f'{photos}/**/c.jpg'])) == ['y/deep/c.jpg']
    assert list(find_photos([photos / 'x', photos / 'x/a.jpg'])) == ['a.jpg', 'b [1].JPG']


def test_links_are_followed_once(photos):
    os.symlink(photos, photos / 'x/loop')
    os.symlink(photos / 'y/deep', photos / 'x/link')
    assert list(find_photos([photos / 'x/link'])) == ['c.jpg']
    assert len(find_photos([photos])) == 5


def test_results_are_no_photos(photos):
    assert list(find_photos([photos], leave_out=[photos / 'y'])) == ['x/a.jpg', 'x/b [1].JPG']


def test_twins_keep_their_suffixes():
    names = output_names(['a.jpg', 'a.png', 'b/a.jpg', 'B.jpg', 'c.tar.jpg'])
    assert names == {
        'a.jpg': 'a.jpg',
        'a.png': 'a.png',
        'b/a.jpg': 'b/a',
        'B.jpg': 'B',
        'c.tar.jpg': 'c.tar',
    }


def test_what_is_not_there(photos):
    (photos / 'empty').mkdir()
    (photos / 'empty/a.heic').touch()
    with pytest.raises(DataError, match='holds no photo. These cannot be read.*a.heic'):
        find_photos([photos / 'empty'])
    with pytest.raises(DataError, match='is not there'):
        find_photos([photos / 'none.jpg'])
    with pytest.raises(DataError, match='no photo matches$'):
        find_photos([f'{photos}/*.gif'])
    with pytest.raises(DataError, match='no photo matches. These cannot be read.*a.heic'):
        find_photos([f'{photos}/empty/*'])


def test_photos_in_formats_that_are_not_read(photos):
    for name in ('x/a.HEIC', 'y/deep/b.cr2', 'y/.hidden.heic', 'y/list.csv'):
        (photos / name).touch()
    both = [str(photos / 'x/a.HEIC'), str(photos / 'y/deep/b.cr2')]
    assert find_unread([photos]) == find_unread([f'{photos}/*']) == both
    assert find_unread([photos / 'x/a.jpg', photos / 'y']) == both[1:]
    assert find_unread([photos / 'x/a.HEIC']) == []  # taken by its name
