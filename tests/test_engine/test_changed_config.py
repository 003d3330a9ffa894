"""A training that goes on with another config says so."""

from mmengine.config import Config

from mmwsss.engine.changed_config import changed_config

CONFIG = {
    'train_dataloader': {'batch_size': 4, 'num_workers': 2},
    'test_cfg': {'kind': 'masks'},
    'optim_wrapper': {'optimizer': {'lr': 0.1}},
    'work_dir': 'a',
    'resume': False,
    'load_from': None,
}


def test_one_line():
    now = Config(CONFIG)
    assert changed_config(Config(CONFIG).pretty_text, now) == ''
    now.optim_wrapper.optimizer.lr = 0.2
    found = changed_config(Config(CONFIG).pretty_text, now)
    assert 'saved (optim_wrapper.optimizer.lr: 0.1 -> 0.2). The training goes on' in found
    assert 'learning rates and their schedules' in found and '\n' not in found


def test_what_does_not_matter_is_not_said():
    now = Config(CONFIG)
    now.merge_from_dict(
        {
            'train_dataloader.batch_size': 2,
            'train_dataloader.num_workers': 0,
            'test_cfg.kind': 'scores',
            'work_dir': 'b',
            'resume': True,
            'load_from': 'x.pth',
        }
    )
    assert changed_config(Config(CONFIG).pretty_text, now) == ''
    assert changed_config(None, now) == changed_config('no (python', now) == ''
