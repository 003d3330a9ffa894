"""``tools/test.py --show-dir``, for stages that write a store and for others."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.engine import StageFailed, build_runner, load_config
from mmwsss.engine.testing import run_test
from mmwsss.visualization.showing import prepare_painting
from tests.test_engine.test_loops.test_store_loop import write_config


@pytest.fixture
def stage(tmp_path, tiny_voc, monkeypatch):
    monkeypatch.setattr('mmwsss.engine.WSSSRunner._log_env', lambda *args: None)

    def load(extra=''):
        path = write_config(tmp_path, tiny_voc, extra=extra)
        cfg = load_config(path, work_dir=str(tmp_path / 'run'))
        cfg.experiment_name = tmp_path.name + str(len(extra))
        return cfg

    return load


def test_a_store_is_painted_with_what_was_there_before(stage, tmp_path):
    run_test(stage())
    (tmp_path / 'run/scores/2007_000001.npz').unlink()
    cfg = stage()
    paint = prepare_painting(cfg, tmp_path / 'show')
    run_test(cfg)
    paint()
    names = {
        p.relative_to(tmp_path / 'show').as_posix() for p in (tmp_path / 'show').rglob('*.png')
    }
    ids = [f'2007_00000{n}' for n in (1, 2, 3, 4)]
    assert names == {f'{part}/{id}.png' for part in ('cam', 'mask', 'overlay') for id in ids}
    with Image.open(tmp_path / 'show/mask/2007_000004.png') as image:  # it has no tag
        assert not np.array(image).any()


def test_mmsegs_hook_is_told_classes_and_colours(stage):
    runner = build_runner(stage())
    assert runner.test_loop.kind == 'scores'
    assert runner.visualizer.dataset_meta['classes'][1] == 'aeroplane'
    assert runner.visualizer.dataset_meta['palette'][1] == [128, 0, 0]


def test_mmsegs_hook_needs_masks(stage):
    extra = (
        "default_hooks = dict(visualization=dict(type='mmseg.SegVisualizationHook', draw=True))\n"
        "visualizer = dict(type='mmseg.SegLocalVisualizer')\n"
    )
    with pytest.raises(StageFailed, match='draws masks, and this stage writes scores.*--show-dir'):
        run_test(stage(extra))


def test_other_stages_are_drawn_by_mmseg(stage, tmp_path):
    cfg = stage("test_cfg = dict(_delete_=True, type='TestLoop')\n")
    assert prepare_painting(cfg, tmp_path / 'show') is None
    assert cfg.default_hooks.visualization.draw and 'epoch_seed' in cfg.default_hooks
    assert cfg.visualizer.save_dir == str(tmp_path / 'show')


def test_seeds_of_tags_need_tags(stage, monkeypatch):
    from mmwsss.stores import StoreOutput
    from tests.test_engine.test_loops.toy_stage import BrightnessSeeds

    output = StoreOutput(('scores',), {'seeds_of': 'image-level labels'})
    monkeypatch.setattr(BrightnessSeeds, 'store_output', lambda self: output)
    cfg = stage()
    cfg.test_dataloader.dataset.tags = dict(source='none')
    with pytest.raises(StageFailed, match=r'these photos have none .*use_tags=False'):
        run_test(cfg)
