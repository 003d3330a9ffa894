"""Score the entries of a store against the masks of a data set."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader, Dataset

from mmwsss.datasets.io import read_mask
from mmwsss.engine.metrics_file import write_metrics
from mmwsss.stores import MaskStore, Store

_MANY = 64  # images that are worth starting workers
_CHUNK = 8  # images that a worker sends at once


def evaluate_store(
    store: Store,
    dataset: Any,
    evaluator: Evaluator,
    work_dir: str | Path,
    eval_ann_file: str | Path | None = None,
    *,
    leave_out: Collection[str] = (),
    workers: int = 0,
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
        workers: Processes that read and count, beside this one, which adds up. All metrics must
            have a method ``count``, as those of :mod:`mmwsss.evaluation` do, or this process
            does everything.

    Returns:
        The metrics; empty where there is nothing to score.
    """
    if not evaluator.metrics:
        return {}
    wanted = None
    if eval_ann_file is not None:
        wanted = dataset.listed_ids(eval_ann_file)
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
    if isinstance(store, MaskStore) and (corrected := store.corrections.read()):
        protocol['corrected_by_hand'] = sum(info['img_id'] in corrected for info in infos)
    evaluator.dataset_meta = {**dataset.metainfo, 'protocol': protocol}
    mine = infos[get_rank() :: get_world_size()]
    if workers and len(mine) >= _MANY and all(hasattr(m, 'count') for m in evaluator.metrics):
        _count_in_workers(evaluator, store, mine, workers)
    else:
        for info in mine:
            evaluator.process([_sample(store, info)])
    metrics = evaluator.evaluate(len(infos))
    if is_main_process():
        for metric in evaluator.metrics:  # what only the metric knows: how means are taken, ...
            protocol.update(getattr(metric, 'reported', {}))
        write_metrics(work_dir, metrics, protocol)
    return metrics


class _Counts(Dataset):
    """Counts of each image for each metric; errors are returned, to keep them readable."""

    def __init__(self, metrics: Sequence[Any], store: Store, infos: Sequence[dict]) -> None:
        self.metrics, self.store, self.infos = metrics, store, infos

    def __len__(self) -> int:
        return len(self.infos)

    def __getitem__(self, index: int) -> list[Any] | Exception:
        try:
            sample = _sample(self.store, self.infos[index]).to_dict()
            for metric in self.metrics:
                metric.process(None, [sample])
            return [metric.results.pop() for metric in self.metrics]
        except (OSError, ValueError) as error:
            return error


def _count_in_workers(
    evaluator: Evaluator, store: Store, infos: Sequence[dict], workers: int
) -> None:
    """Count images in worker processes and give the results to the metrics in order."""
    loader = DataLoader(
        _Counts(evaluator.metrics, store, infos),
        batch_size=_CHUNK,
        num_workers=workers,
        collate_fn=list,
        worker_init_fn=_one_thread,
    )
    for chunk in loader:
        for counts in chunk:
            if isinstance(counts, Exception):
                raise counts
            for metric, result in zip(evaluator.metrics, counts, strict=True):
                metric.results.append(result)


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)


def _sample(store: Store, info: dict[str, Any]) -> SegDataSample:
    """Pair an entry with its ground truth in the form that metrics take."""
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
