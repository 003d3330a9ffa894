import json

from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from mmwsss.recipes import identity
from mmwsss.recipes.identity import (
    content_hash,
    describe,
    differences,
    record_hash,
    signature,
)
from mmwsss.recipes.recipe import Stage


def record(action='train', **content):
    return describe(Stage('s', None, action), Config(content), {})


def test_looks_and_speed_do_not_count():
    plain = record(model={'a': 1}, train_dataloader={'batch_size': 2})
    other = record(
        model={'a': 1},
        train_dataloader={'batch_size': 2, 'num_workers': 8, 'persistent_workers': True},
        work_dir='x',
        visualizer={'type': 'V'},
        default_hooks={'logger': {'interval': 3}},
        test_evaluator={'type': 'M'},
    )
    assert differences(plain, other) == []
    changed = record(model={'a': 2}, train_dataloader={'batch_size': 2})
    assert differences(plain, changed) == ['config changed (model.a: 1 -> 2)']
    assert record_hash(plain) != record_hash(changed)


def test_training_does_not_count_for_testing():
    parts = {'train_cfg': {'max_epochs': 3}, 'optim_wrapper': {'lr': 1}, 'val_cfg': {'a': 1}}
    assert differences(record('test', a=1), record('test', a=1, **parts)) == []
    assert differences(record('train', a=1), record('train', a=1, **parts))
    found = differences(record('train'), record('test'), ignore_code=True)
    assert found == ['action changed (train -> test)']


def test_many_differences_are_counted():
    reason = differences(record(), record(a=1, b=2, c=3, d=[{'e': 5}, {'f': 'x' * 500}]))[0]
    assert reason.startswith('config changed (a: (none) -> 1; b') and reason.endswith('and 2 more)')


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text('abc', min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_a_record_from_disk_is_equal(value):
    written = record(model={'value': value})
    again = json.loads(json.dumps(written))
    assert differences(again, written) == [] and record_hash(again) == record_hash(written)


def test_files_named_in_the_config_count(tmp_path):
    (tmp_path / 'list.txt').write_text('a')
    dataset = {'data_root': str(tmp_path), 'ann_file': 'list.txt', 'later': 'new.txt'}
    before = record(train_dataloader={'dataset': dataset})
    assert list(before['files']) == [str(tmp_path / 'list.txt')]
    (tmp_path / 'new.txt').write_text('made by the stage itself')
    assert differences(before, record(train_dataloader={'dataset': dataset})) == []
    (tmp_path / 'list.txt').write_text('b')
    reasons = differences(before, record(train_dataloader={'dataset': dataset}))
    assert reasons == [f'files changed ({tmp_path / "list.txt"})']


def test_what_a_data_set_reads_by_default_counts(tmp_path):
    """``tags.csv``, and the photos of a folder where no list names them."""
    (tmp_path / 'images').mkdir()
    for name in ('tags.csv', 'images/a.jpg', 'images/note.txt'):
        (tmp_path / name).write_text(name)

    def now(action='train', **options):
        dataset = {'data_root': str(tmp_path), 'data_prefix': {'img_path': 'images'}, **options}
        return record(action, test_dataloader={'dataset': {'dataset': dataset}})

    before, tags, photos = now('test'), str(tmp_path / 'tags.csv'), str(tmp_path / 'images/*')
    assert list(before['files']) == [tags, photos]
    assert now('train')['files'] == {}, 'what only tests read'
    (tmp_path / 'images/note.txt').write_text('no photo')
    assert differences(before, now('test')) == []
    (tmp_path / 'tags.csv').write_text('a.jpg,cat')
    assert differences(before, now('test')) == [f'files changed ({tags})']
    listed, other = now('test', ann_file='a.txt'), now('test', tags={'source': 'xml'})
    before = now('test')
    (tmp_path / 'images/b.jpg').write_text('one more')
    assert differences(before, now('test')) == [f'files changed ({photos})']
    assert differences(listed, now('test', ann_file='a.txt')) == []
    assert list(other['files']) == [photos]
    (tmp_path / 'images/b.jpg').unlink()
    (tmp_path / 'images/a.jpg').write_text('another photo')
    assert differences(before, now('test')) == [f'files changed ({photos})']


def test_data_sets_of_other_libraries(tmp_path):
    """Their prefixes may be texts, or None, and what they call tags anything."""
    (tmp_path / 'train').mkdir()
    for prefix, found in (('train', [str(tmp_path / 'train/*')]), (None, []), ({'img': None}, [])):
        dataset = {'data_root': str(tmp_path), 'data_prefix': prefix, 'tags': 'mine'}
        assert list(record(train_dataloader={'dataset': dataset})['files']) == found


def test_a_folder_may_be_written_in_other_ways(tmp_path, monkeypatch):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos/tags.csv').write_text('a.jpg,cat')
    monkeypatch.chdir(tmp_path)
    ways = 'photos', 'photos/', './photos', str(tmp_path / 'photos')
    first, *others = (record(train_dataloader={'data_root': way}) for way in ways)
    assert [differences(first, other) for other in others] == [[], [], []]
    (tmp_path / 'copy').mkdir()
    assert differences(first, record(train_dataloader={'data_root': 'copy'}))
    (tmp_path / 'photos/tags.csv').write_text('a.jpg,dog')
    assert differences(first, record(train_dataloader={'data_root': 'photos/'}))


def test_large_files_are_not_read(tmp_path, monkeypatch):
    path = tmp_path / 'weights.pth'
    path.write_bytes(b'12345')
    monkeypatch.setattr(identity, '_LARGE', 4)
    found = record(load_from=str(path))['files'][str(path)]
    assert found.startswith('5 ')


def test_content_hash_and_signature(tmp_path):
    folder = tmp_path / 'store'
    (folder / 'a').mkdir(parents=True)
    (folder / 'a' / 'x.png').write_text('1')
    first, mark = content_hash(folder), signature(folder)
    (folder / '.left.tmp').write_text('no content')
    assert content_hash(folder) == first
    (folder / 'a' / 'x.png').rename(folder / 'a' / 'y.png')
    assert content_hash(folder) != first
    (folder / 'a' / 'y.png').write_text('22')
    assert signature(folder) != mark
    assert signature(folder / 'a' / 'y.png')[:2] == [1, 2]


def test_changed_code_is_named():
    old = {'code': {'a': '1', 'b': '2', 'c': '3', 'd': '4'}}
    new = {'code': {'a': '1', 'b': '0', 'e': '5'}}
    assert differences(old, new) == [
        'code changed (b, c, d and 1 more): --ignore-code accepts results of older code, '
        '--from STAGE only those of the stages before it'
    ]
    assert differences(old, new, ignore_code=True) == []
    assert differences({'code': 'hash of older versions'}, new)[0].startswith('code changed: ')
