import logging

from mmengine.logging import MMLogger

from mmwsss.datasets.bare import build_bare_dataset, only_warnings
from mmwsss.registry import DATASETS


def test_needs_none_of_the_transforms(tiny_folder):
    config = {
        'type': 'TaggedFolder',
        'data_root': str(tiny_folder),
        'pipeline': [{'type': 'LoadSeeds', 'store': '/nowhere'}],
    }
    dataset = build_bare_dataset(config)
    assert len(dataset.ids) == 3 and dataset.test_mode
    assert config['pipeline'], 'the config stays as it was'
    wrapped = {'type': 'ConcatDataset', 'datasets': [{'type': 'RepeatDataset', 'dataset': config}]}
    assert build_bare_dataset(wrapped).ids == dataset.ids


def test_only_warnings_are_logged(tiny_folder, monkeypatch):
    said = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'handle', lambda record: said.append(record.getMessage()))
    config = {'type': 'TaggedFolder', 'data_root': str(tiny_folder)}
    for build, lines in ((build_bare_dataset, 0), (DATASETS.build, 1), (build_bare_dataset, 1)):
        build(config)
        assert sum('3 images' in text for text in said) == lines


def test_a_stricter_level_outside_stays(monkeypatch):
    logger = MMLogger.get_current_instance()
    levels = []
    monkeypatch.setattr(logger, 'setLevel', levels.append)
    monkeypatch.setattr(logger, 'level', logging.ERROR)
    with only_warnings():
        pass
    assert levels == [logging.ERROR, logging.ERROR]
