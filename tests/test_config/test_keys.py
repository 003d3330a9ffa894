import pytest
from mmengine.config import Config

from mmwsss.config.keys import find_key, has_key, suggest


def test_find_key():
    cfg = Config({'p': [{'type': 'A'}, {'type': 'mmseg.B', 'x': {'y': 1}}, {'type': 'C'}]})
    assert find_key(cfg, 'p.B.x.y') == 'p.1.x.y' and find_key(cfg, 'p.0.z') == 'p.0.z'
    assert find_key(cfg, 'new.key') == 'new.key'
    with pytest.raises(KeyError, match=r'p.D.x: 0 parts of p have the type D'):
        find_key(cfg, 'p.D.x')
    assert has_key(cfg, 'p.1.x.y') and not has_key(cfg, 'p.1.x.z') and not has_key(cfg, 'p.7')
    assert not has_key(cfg, 'p.1.x.y.z')


def test_suggest():
    assert suggest('stroe', ['store', 'x']) == ", did you mean 'store'?"
    assert suggest('q', ['store']) == ''
