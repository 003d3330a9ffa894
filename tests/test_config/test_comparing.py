"""Configs key by key."""

from mmengine.config import Config

from mmwsss.config.comparing import changes, flatten, is_cosmetic, read_dumped, shortened


def test_what_mmengine_prints_is_read_and_not_run():
    content = {
        'model': {'type': 'A', 'sizes': (1, -2), 'parts': [{'x': None}, {'x': 1e-3}]},
        'odd': {'a b': 1, 'limit': float('inf')},
        'note': 'it is\n"text"',
    }
    found = read_dumped(Config(content).pretty_text)
    assert found['model'] == {'type': 'A', 'sizes': [1, -2], 'parts': [{'x': None}, {'x': 0.001}]}
    assert found['odd'] == {'a b': 1, 'limit': 'inf'} and found['note'] == content['note']
    assert read_dumped('a = exit(1)\nb.c = 2\nimport os') == {'a': 'exit(1)'}


def test_changes():
    was, now = ({'a': {'b': x, 'c': [{'d': x}]}, 'e': 1} for x in (1, 2))
    now['f'] = 3
    found = changes(dict(flatten(was)), dict(flatten(now)))
    assert found == ['a.b: 1 -> 2', 'a.c.0.d: 1 -> 2', 'f: (none) -> 3']
    assert shortened([*found, 'x']) == '; '.join(found) + ' and 1 more'
    assert len(shortened(['x' * 999])) == 120
    assert is_cosmetic('train_dataloader.num_workers') and not is_cosmetic('model.workers')
