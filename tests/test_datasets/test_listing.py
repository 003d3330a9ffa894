import pytest

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import list_folder, read_ids, read_lines, strip_suffix


def test_both_forms_of_lists(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text(
        '2007_000032\n\n/JPEGImages/2007_000039.jpg /SegmentationClassAug/2007_000039.png\n'
        'a/b.jpg 3 4\n'
    )
    assert read_ids(path) == ['2007_000032', '2007_000039', 'a/b']
    assert read_ids(path, whole_lines=True)[-1] == 'a/b.jpg 3 4'
    with pytest.raises(DataError, match=r'none\.txt: no such list'):
        read_lines(tmp_path / 'none.txt')
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(DataError, match='no readable text file'):
        read_lines(path)


def test_strip_suffix():
    assert [strip_suffix(x) for x in ('a.JPG', 'v1.2', 'x.y.png', 'a')] == ['a', 'v1.2', 'x.y', 'a']


def test_list_folder(tmp_path):
    for name in ('b.jpg', 'sub/a.JPG', 'sub/.hidden.jpg', 'notes.txt', '.git/c.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_folder(tmp_path, ('.jpg',)) == {'b': 'b.jpg', 'sub/a': 'sub/a.JPG'}
    (tmp_path / 'b.png').touch()
    with pytest.raises(DataError, match=r'1 image ids belong to two files: b\.\w+ and b\.\w+\. An'):
        list_folder(tmp_path, ('.jpg', '.png'))
    with pytest.raises(DataError, match='no such folder'):
        list_folder(tmp_path / 'none', ('.jpg',))
