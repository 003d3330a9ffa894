"""Judge seeds or masks, whoever made them: import, score, tables and plots in one call."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import Evaluator

from mmwsss.datasets.errors import DataError
from mmwsss.engine.store_evaluation import evaluate_store
from mmwsss.evaluation import ContourMetric, MaskMetric, SeedingPowerMetric, SeedMetric
from mmwsss.ops.confusion import AbsentRule
from mmwsss.stores import Store, StoreError, open_store
from mmwsss.stores.foreign import MASK_FORMATS, import_folder
from mmwsss.stores.foreign_formats import ReadOptions
from mmwsss.stores.verification import usable_cores


def judge(
    source: str | Path,
    dataset: Any,
    out_dir: str | Path,
    *,
    fmt: str | None = None,
    eval_ann_file: str | Path | None = None,
    background: float | None = None,
    proposals: str | Path | None = None,
    powers: Sequence[float] = (0.3, 0.4, 0.5),
    absent: AbsentRule = 'nan',
    stride: int = 1,
    dtype: str = 'float32',
    options: ReadOptions | None = None,
    check_tags: bool = True,
    overwrite: bool = False,
) -> dict[str, float]:
    """Score seeds or masks against a data set's masks.

    Args:
        source: A store of scores or masks or, with ``fmt``, a folder of another repository's seeds
            or label maps.
        dataset: A tagged data set with a mask folder.
        out_dir: Gets ``metrics.json`` and what :class:`SeedMetric` or :class:`MaskMetric` write to
            their ``out_dir``; what is imported is kept in ``scores`` or ``masks``.
        fmt: One of :data:`mmwsss.stores.foreign.FORMATS` (seeds) or
            :data:`mmwsss.stores.foreign.MASK_FORMATS` (label maps). Files may be named as the
            photos are, or by the data set's ids.
        eval_ann_file: List of ids to score. Defaults to all that have a mask.
        background: Score of the background, chosen beforehand. By default the best one is
            searched, on these masks, and contours are scored with that.
        proposals: A store of proposals: masks that SAM-based seeding makes of the seeds with these
            are scored too, see :class:`SeedingPowerMetric`.
        powers: Of the background's score in them, the best of which is searched on these masks.
        absent: How classes without pixels enter the means, see
            :func:`mmwsss.ops.confusion.scores_from_confusion`.
        stride: Of imported scores; 1 keeps every pixel.
        dtype: Of imported scores, 'float32' or 'float16'.
        options: How to read imported seeds whose files do not say it themselves.
        check_tags: Whether imported class numbers are compared with the tags of the photos.
        overwrite: Import again over an earlier import.

    Returns:
        The metrics.

    Raises:
        DataError: No image has a mask, or the masks do not fit the tags.
        StoreError: The source is no such store or folder, files are missing or broken, or it is
            of other classes.
    """
    infos = {info['img_id']: info for info in map(dataset.get_data_info, range(len(dataset)))}
    wanted = infos if eval_ann_file is None else dataset.listed_ids(eval_ann_file)
    scored = [id for id in dataset.ids if infos[id].get('seg_map_path') and id in wanted]
    if not scored:
        raise DataError(
            f'none of the {len(infos)} images has a mask to be judged by: {dataset.why_no_masks()}'
        )
    out_dir = Path(out_dir)
    if fmt is None:
        store = open_store(source)
    else:
        store = import_folder(
            source,
            fmt,
            out_dir / ('masks' if fmt in MASK_FORMATS else 'scores'),
            classes=dataset.metainfo['classes'][1:],
            ids=scored,
            to_id=dataset.stem_to_id,
            tags=_tags(infos) if check_tags else None,
            image_paths={id: infos[id]['img_path'] for id in scored},
            upright=any(infos[id].get('upright') for id in scored),
            stride=stride,
            dtype=dtype,
            options=options,
            compare_sizes=False,  # the metrics do
            overwrite=overwrite,
        )
    if (kind := store.meta.kind) not in ('scores', 'masks'):
        raise StoreError(f'{store.folder}: scores or masks can be judged, this holds {kind}')
    store.require(classes=dataset.metainfo['classes'][1:], ids=scored)
    metrics = _metrics(store, dataset, out_dir, eval_ann_file, background, absent)
    if proposals is not None:
        if kind != 'scores':
            raise StoreError(f'{store.folder}: seeding needs scores, this holds {kind}')
        metrics.append(
            SeedingPowerMetric(
                proposals=str(proposals), powers=powers, absent=absent, out_dir=str(out_dir)
            )
        )
    return evaluate_store(
        store, dataset, Evaluator(metrics), out_dir, eval_ann_file, workers=_workers()
    )


def _workers() -> int:
    """One process a core where there are several."""
    return usable_cores() if usable_cores() > 1 else 0


def _metrics(
    store: Store,
    dataset: Any,
    out_dir: Path,
    eval_ann_file: str | Path | None,
    background: float | None,
    absent: AbsentRule,
) -> list:
    options: dict[str, Any] = dict(absent=absent, out_dir=str(out_dir))
    if store.meta.kind == 'masks':
        return [MaskMetric(**options), ContourMetric()]
    given = background
    if given is None:  # none is found either where seeds have a background map
        evaluator = Evaluator(SeedMetric(absent=absent))
        found = evaluate_store(
            store, dataset, evaluator, out_dir, eval_ann_file, workers=_workers()
        )
        background = found.get('seeds/threshold')
    return [SeedMetric(background=given, **options), ContourMetric(background=background)]


def _tags(infos: dict[str, dict]) -> dict[str, list[int]]:
    return {id: np.flatnonzero(info['gt_label']).tolist() for id, info in infos.items()}
