"""Test stages, from the config to ``metrics.json``."""

import json

import pytest
import torch
from mmengine.model import BaseTTAModel

from mmwsss.engine import StageFailed, WSSSRunner, load_config
from mmwsss.engine.testing import run_test
from mmwsss.registry import MODELS
from tests.test_engine.runs import write_config
from tests.test_engine.toy import ToyModel


@MODELS.register_module(force=True)
class ToyTTA(BaseTTAModel):
    def merge_preds(self, data_samples_list):
        return [sum(samples) / len(samples) for samples in data_samples_list]

    def test_step(self, data):
        return self.module.test_step(data)


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers

    def load(text='', **options):
        cfg = load_config(write_config(tmp_path, text), work_dir=str(tmp_path / 'run'))
        cfg.merge_from_dict(options)
        cfg.experiment_name = tmp_path.name
        return cfg

    return load


def test_metrics_are_written_with_their_protocol(config, tmp_path):
    checkpoint = str(tmp_path / 'a.pth')
    torch.save({'state_dict': ToyModel().state_dict()}, checkpoint)
    metrics = run_test(config(), checkpoint)
    written = json.loads((tmp_path / 'run/metrics.json').read_text())
    protocol = written.pop('protocol')
    assert written == metrics
    assert protocol == {
        'config': 'toy.py',
        'checkpoint': checkpoint,
        'images': 7,
        'list_hash': None,
        'tta': False,
    }


def test_a_model_without_parameters_needs_no_checkpoint(config):
    cfg = config("custom_hooks = []\nmodel = dict(type='ToyIdentity')\n")
    assert run_test(cfg)['images'] == 7


def test_a_model_to_train_needs_one(config):
    with pytest.raises(StageFailed, match=r'ToyModel has \d+ parameters to train and no check'):
        run_test(config())


def test_overwrite_is_for_stores(config):
    with pytest.raises(StageFailed, match='writes none'):
        run_test(config(), overwrite=True)


def test_tta(config):
    with pytest.raises(StageFailed, match=r'toy\.py has no tta_model'):
        run_test(config(), tta=True)
    cfg = config(
        "custom_hooks = []\nmodel['trainable'] = False\n"
        "tta_model = dict(type='ToyTTA')\ntta_pipeline = []\n"
    )
    assert run_test(cfg, tta=True)['images'] == 7
    assert cfg.model.type == 'ToyTTA'
