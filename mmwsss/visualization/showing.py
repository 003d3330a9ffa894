"""Pictures of a test stage: what ``tools/test.py --show-dir`` asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.stores import open_store
from mmwsss.visualization.painting import paint_store


def prepare_painting(cfg: Config, out: str | Path) -> Callable[[], None] | None:
    """Get ready to paint what a test stage makes.

    A stage that writes a store is painted from the store, so that images of an earlier, interrupted
    run are there as well. For any other, mmseg's ``SegVisualizationHook`` draws while it runs.

    Args:
        cfg: The stage's config, with a ``work_dir``. mmseg's hook is added to it.
        out: Folder of the pictures.

    Returns:
        What to call after the test; None if nothing is left to do then.
    """
    if 'StoreTestLoop' not in str(cfg.test_cfg.get('type')):
        cfg.default_hooks = {
            **cfg.get('default_hooks', {}),
            'visualization': {'type': 'mmseg.SegVisualizationHook', 'draw': True, 'interval': 1},
        }
        cfg.visualizer = {
            'type': 'mmseg.SegLocalVisualizer',
            'vis_backends': [{'type': 'LocalVisBackend'}],
            'save_dir': str(out),
        }
        return None
    kind = cfg.test_cfg.kind
    folder = Path(cfg.test_cfg.get('out_dir') or Path(cfg.work_dir) / kind)
    config = cfg.test_dataloader.dataset.copy()  # a test builds data sets from its own

    # Otherwise the store knows, which records what a folder of one's own says.
    upright = True if any(s.get('upright') for s in config.get('pipeline', ())) else None

    def paint() -> None:
        if not is_main_process():
            return
        dataset = build_bare_dataset(config)
        infos = map(dataset.get_data_info, range(len(dataset)))
        photos = {info['img_id']: info['img_path'] for info in infos}
        store = open_store(folder, kind)
        paint_store(
            store,
            out,
            photos=photos,
            ids=[id for id in photos if id in store],
            palette=dataset.metainfo['palette'],
            upright=upright,
        )
        print(f'pictures: {out}')

    return paint
