"""As many epochs as a budget of iterations gives."""

import pytest
from mmengine.config import Config

from mmwsss.engine import auto_epochs
from mmwsss.engine.auto_epochs import count_epochs, resolve_epochs


@pytest.fixture
def config(monkeypatch):
    """A function that makes the config of a training on so many photos."""

    def make(images, **parts):
        monkeypatch.setattr(auto_epochs, 'build_bare_dataset', lambda _: range(images))
        loader = dict(batch_size=16, drop_last=True, dataset={})
        return Config(
            dict(
                budget=dict(iterations=60, min_epochs=8),
                train_cfg=dict(max_epochs='auto', val_interval='auto'),
                param_scheduler=[dict(end=20), dict(end='auto')],
                train_dataloader=loader,
            )
            | parts
        )

    return make


@pytest.mark.parametrize('images, epochs', [(54, 20), (16, 60), (5, 60), (422, 8), (10_000, 8)])
def test_epochs(config, images, epochs):
    cfg = config(images)
    resolve_epochs(cfg)
    assert cfg.train_cfg == dict(max_epochs=epochs, val_interval=epochs)
    assert [part.end for part in cfg.param_scheduler] == [20, epochs]


def test_another_batch(config):
    cfg = config(54, batch=dict(published=8))
    resolve_epochs(cfg)
    assert cfg.train_cfg.max_epochs == 10


def test_one_scheduler(config):
    cfg = config(54, param_scheduler=dict(end='auto'))
    resolve_epochs(cfg)
    assert cfg.param_scheduler.end == 20


def test_numbers_stay(config):
    cfg = config(54, train_cfg=dict(max_epochs=3), param_scheduler=dict(end=3))
    resolve_epochs(cfg)
    assert cfg.train_cfg.max_epochs == 3


def test_the_rest_follows_a_number(config):
    cfg = config(54, train_cfg=dict(max_epochs=3, val_interval='auto'), budget=None)
    resolve_epochs(cfg)
    assert cfg.train_cfg == dict(max_epochs=3, val_interval=3)
    assert [part.end for part in cfg.param_scheduler] == [20, 3]


@pytest.mark.parametrize(
    'train, key',
    [
        (dict(max_iters=3, val_interval='auto'), 'train_cfg.val_interval'),
        (dict(max_iters=3), "schedule's end"),
    ],
)
def test_no_epochs_to_follow(config, train, key):
    with pytest.raises(ValueError, match=f"{key} is 'auto'.*no max_epochs"):
        resolve_epochs(config(54, train_cfg=train))


@pytest.mark.parametrize('key', ['max_epochs', 'max_iters', 'val_interval', 'val_begin'])
def test_lengths_are_numbers(config, key):
    with pytest.raises(ValueError, match=f"train_cfg.{key} is a number, found '5epochs'"):
        resolve_epochs(config(54, train_cfg={'max_epochs': 3, key: '5epochs'}))


@pytest.mark.parametrize('budget', [None, dict(iterations=9), dict(iterations=0, min_epochs=1)])
def test_needs_a_budget(config, budget):
    with pytest.raises(ValueError, match='budget=dict'):
        resolve_epochs(config(54, budget=budget))


def test_counted_without_a_change(config):
    cfg = config(54)
    assert count_epochs(cfg) == 20
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == 'auto'
    assert count_epochs(config(54, train_cfg=dict(max_epochs=3))) == 3
    assert count_epochs(config(54, train_cfg=dict(max_iters=3))) is None
    assert count_epochs(config(54, budget=None)) is None
