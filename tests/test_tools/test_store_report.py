import numpy as np
import pytest

from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.hashing import hash_list
from tools.analysis_tools.store_report import main

IDS = ['a', 'b/c', 'd']


@pytest.fixture
def store(tmp_path):
    meta = StoreMeta(
        'masks',
        ('cat', 'dog'),
        hash_list(IDS),
        refiners=({'type': 'Threshold'},),
        protocol={'flip': True},
    )
    made = create_store(tmp_path / 'masks', meta)
    for id in IDS:
        made.write(id, np.full((4, 5), 2, np.uint8))
    return made


def run(store, capsys, *arguments):
    code = main([str(store.folder), *map(str, arguments)])
    return code, capsys.readouterr()


def test_good_store(store, tmp_path, capsys):
    (tmp_path / 'list.txt').write_text('a x\nb/c y\n\nd\n')
    code, out = run(store, capsys, '--list', tmp_path / 'list.txt')
    assert code == 0
    for part in (
        'kind: masks, uint8, stride 1',
        '2: cat, dog',
        'flip: True',
        "{'type': 'Threshold'}",
        '3 entries',
        'the list it was made for',
        '0 entries beyond it',
        'all can be read',
    ):
        assert part in out.out


def test_gaps_and_broken_files(store, tmp_path, capsys):
    (tmp_path / 'list.txt').write_text('a\nb/c\ne\n')
    store.path('b/c').write_bytes(b'no image')
    code, out = run(store, capsys, '--list', tmp_path / 'list.txt')
    assert code == 1
    assert 'another list' in out.out and '1 entries beyond it' in out.out
    assert 'bad: b/c:' in out.out and 'bad: e: missing' in out.out
    assert '2 of 3 are missing or broken' in out.out
    for number in range(30):
        store.path(f'x{number}').write_bytes(b'no image')
    code, out = run(store, capsys)
    assert code == 1 and '... and 11 more' in out.out


def test_no_store(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert 'it is no store' in capsys.readouterr().err
