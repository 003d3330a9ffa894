"""Scoring what a store holds, against the masks of a data set."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.datasets.io import read_mask
from mmwsss.engine.metrics_file import write_metrics
from mmwsss.stores import Store


def evaluate_store(
    store: Store,
    dataset: Any,
    evaluator: Evaluator,
    work_dir: str | Path,
    eval_ann_file: str | Path | None = None,
    *,
    leave_out: Collection[str] = (),
) -> dict[str, float]:
    """Score the entries whose images have a ground-truth mask.

    Images are split over the ranks without padding, so each counts once. The
    protocol (list, images scored, stride, dtype, refiners, ...) goes to the metrics
    as ``dataset_meta['protocol']`` and, with the numbers, to ``metrics.json``.

    Args:
        store: What to score.
        dataset: A tagged data set with a mask folder.
        evaluator: The metrics.
        work_dir: Where ``metrics.json`` is written.
        eval_ann_file: List of ids to score. Defaults to every image with a mask.
        leave_out: Ids that are not scored, because their entries are broken.

    Returns:
        The metrics; empty where there is nothing to score.
    """
    if not evaluator.metrics:
        return {}
    wanted = None
    if eval_ann_file is not None:
        wanted = set(Path(eval_ann_file).read_text().split())
    left_out = set(leave_out)
    infos = [
        dataset.get_data_info(index)
        for index, id in enumerate(dataset.ids)
        if (wanted is None or id in wanted) and id not in left_out and id in store
    ]
    infos = [info for info in infos if info.get('seg_map_path')]
    if not infos:
        print_log(f'{store.folder}: no image of the list has a mask, so none is scored', 'current')
        return {}
    protocol = {
        'list': store.meta.list_hash,
        'images': len(dataset.ids),
        'scored': len(infos),
        'stride': store.meta.stride,
        'dtype': store.meta.dtype,
        'refiners': list(store.meta.refiners),
        'threshold_tuned_on_masks': store.meta.threshold_tuned_on_masks,
        **store.meta.protocol,
    }
    evaluator.dataset_meta = {**dataset.metainfo, 'protocol': protocol}
    for info in infos[get_rank() :: get_world_size()]:
        evaluator.process([_sample(store, info)])
    metrics = evaluator.evaluate(len(infos))
    if is_main_process():
        for metric in evaluator.metrics:  # what only the metric knows: how means are taken, ...
            protocol.update(getattr(metric, 'reported', {}))
        write_metrics(work_dir, metrics, protocol)
    return metrics


def _sample(store: Store, info: dict[str, Any]) -> SegDataSample:
    """An entry beside its ground truth, as metrics take it."""
    mask = read_mask(info['seg_map_path'], num_classes=len(store.meta.classes) + 1)
    sample = SegDataSample(
        metainfo={'img_id': info['img_id'], 'ori_shape': mask.shape},
        gt_sem_seg=PixelData(data=torch.from_numpy(mask)[None]),
    )
    sample.gt_label = torch.from_numpy(info['gt_label'])
    value = store[info['img_id']]
    if store.meta.kind == 'masks':
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(value)[None].long())
    elif store.meta.kind == 'scores':
        sample.seeds = value
    else:
        sample.set_field(value, store.meta.kind)
    return sample
