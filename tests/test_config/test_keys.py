import pytest
from mmengine.config import Config

from mmwsss.config.keys import check_spelling, find_key, has_key, suggest


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


def test_spelling():
    cfg = Config({'train_cfg': {'max_epochs': 2}, 'p': [{'type': 'A', 'store': ''}]})
    for key in ('train_cfg.max_epochs', 'train_cfg.dynamic', 'p.0.store', 'other.x', 'p.3.x'):
        check_spelling(cfg, key)
    for key, near in (('train_cfg.max_epoch', 'max_epochs'), ('train_cg.x', 'train_cfg')):
        with pytest.raises(KeyError, match=f"did you mean '{near}'"):
            check_spelling(cfg, key)
    with pytest.raises(KeyError, match="no 'stor' in p.0, did you mean 'store'"):
        check_spelling(cfg, 'p.0.stor')
