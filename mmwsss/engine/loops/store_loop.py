"""A test loop that writes a store, can resume, and scores the store's entries."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_gather_object, barrier, get_rank, get_world_size, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.runner.amp import autocast
from mmengine.runner.base_loop import BaseLoop
from mmseg.structures import SegDataSample
from torch.utils.data import SequentialSampler

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.loops.pending import LeftOut, PendingBatch, PendingDataset, collate_pending
from mmwsss.engine.loops.store_checks import (
    output_of,
    require_masks_to_draw,
    require_some_success,
    require_some_tags,
)
from mmwsss.engine.store_evaluation import evaluate_store
from mmwsss.engine.store_record import new_meta
from mmwsss.registry import DATASETS, LOOPS, build
from mmwsss.stores import (
    Store,
    StoreError,
    StoreMeta,
    create_store,
    open_store,
)
from mmwsss.stores.background_writer import BackgroundWriter
from mmwsss.stores.hashing import hash_text
from mmwsss.stores.meta import KINDS

#: If this many images fail alike before one succeeds, the images are not the cause.
FIRST = 10


@LOOPS.register_module()
class StoreTestLoop(BaseLoop):
    """Run a model over a list of images and write its predictions to a store.

    Only images that the store lacks, or holds broken, are processed; each is written
    as soon as it is done, so that a killed run loses the images in hand and nothing
    else. An image that cannot be read is noted and the others are finished. Then
    everything that has a ground-truth mask is read back from the store and scored,
    split over the ranks without padding.

    Args:
        runner: The runner.
        dataloader: Config of the loader; its sampler is not used.
        evaluator: Metrics; none with ``[]``.
        kind: What to keep: 'scores' (``sample.seeds``), 'masks'
            (``sample.pred_sem_seg``), 'proposals' (``sample.proposals``) or 'prompts'
            (``sample.prompts``).
        stride: Stride of score maps. Defaults to 4; 1 keeps every pixel.
        dtype: 'float16' or 'float32' for scores. Defaults to 'float16'.
        out_dir: The store's folder. Defaults to ``<work_dir>/<kind>``.
        overwrite: Redo a store that another run made; masks that were corrected by hand stay.
            Defaults to False.
        eval_ann_file: List of ids to score. Defaults to every image with a mask.
        fp16: Run the model under autocast. Defaults to False.
    """

    def __init__(
        self,
        runner: Any,
        dataloader: dict[str, Any],
        evaluator: Evaluator | dict | list,
        *,
        kind: str,
        stride: int = 4,
        dtype: str = 'float16',
        out_dir: str | None = None,
        overwrite: bool = False,
        eval_ann_file: str | None = None,
        fp16: bool = False,
    ) -> None:
        self.kind, self.overwrite = kind, overwrite
        self.eval_ann_file, self.fp16 = eval_ann_file, fp16
        self.stride, self.dtype = (stride, dtype) if kind == 'scores' else (1, '')
        self.folder = Path(out_dir or Path(runner.work_dir) / kind)
        dataset = dataloader['dataset']
        dataset = build(DATASETS, dataset)
        self.identity = hash_text(
            json.dumps(
                [runner.cfg.get('model'), dataloader['dataset']], default=str, sort_keys=True
            )
        )
        self.output = output_of(runner.model, kind)
        # Built over nothing here: which images are left is known when the store is open.
        self.dataset, self.dataloader_cfg = dataset, dataloader
        super().__init__(runner, self._loader(runner, []))
        runner.visualizer.dataset_meta = dataset.metainfo  # as mmengine's loops do
        require_masks_to_draw(runner.hooks, kind)
        if not isinstance(evaluator, Evaluator):
            evaluator = runner.build_evaluator(evaluator)
        self.evaluator = evaluator

    def run(self) -> dict[str, float]:
        """Fill the store, then score it.

        Returns:
            The metrics.

        Raises:
            StageFailed: Some images could not be processed; the message lists them. Or at once, for
                what is not about one image: an error of another kind, or the same one at all of
                the first images.
        """
        require_some_tags(self.output, self.dataset, type(self.runner.model).__name__)
        store = self._open()
        try:
            return self._fill_and_score(store)
        finally:
            store.close()

    def _fill_and_score(self, store: Store) -> dict[str, float]:
        runner = self.runner
        pending = set(self._split(store))
        positions = [i for i, id in enumerate(self.dataset.ids) if id in pending]
        self.dataloader = self._loader(runner, positions)
        runner.call_hook('before_test')
        runner.call_hook('before_test_epoch')
        runner.model.eval()
        bad: list[LeftOut] = []
        with BackgroundWriter(store) as writer:
            for index, batch in enumerate(self.dataloader):
                before = len(bad)
                bad += self._run_iter(index, batch, writer)
                if before < FIRST <= len(bad):
                    bad += self._failed(store, writer.drain())
                    require_some_success(bad, store)
            bad += self._failed(store, writer.drain())
        bad += self._lost(store, bad)
        bad = [entry for part in all_gather_object(bad) for entry in part]
        barrier()
        metrics = evaluate_store(
            store,
            self.dataset,
            self.evaluator,
            self.runner.work_dir,
            self.eval_ann_file,
            leave_out=[entry.id for entry in bad],
            workers=self.dataloader_cfg.get('num_workers', 0),
        )
        store.ledger.end()
        runner.call_hook('after_test_epoch', metrics=metrics)
        runner.call_hook('after_test')
        if bad:
            lines = '\n'.join(f'  {entry.id}: {entry.reason}' for entry in bad[:50])
            raise StageFailed(
                f'{len(bad)} of {len(self.dataset.ids)} images could not be processed:\n{lines}\n'
                f'The others are in {self.folder}. Mend or unlist these and run again: only '
                'they will be redone'
            )
        return metrics

    # Filling the store --------------------------------------------------------------

    def _open(self) -> Store:
        """Open the store; rank 0 creates it before the other ranks open it."""
        store = problem = None
        if is_main_process():
            try:
                store = create_store(self.folder, self._meta(), self.overwrite)
                if get_world_size() > 1:
                    store.lock().share()
            except (StoreError, OSError) as error:
                problem = error
        problem = all_gather_object(problem)[0]
        if problem is not None:
            raise problem
        if store is None:
            store = open_store(self.folder, self.kind)
            store.lock(shared=True)
        return store

    def _split(self, store: Store) -> list[str]:
        """Choose this rank's share of the ids whose entries are missing or broken."""
        mine = self.dataset.ids[get_rank() :: get_world_size()]
        pending = [id for part in all_gather_object(store.pending(mine)) for id in part]
        done = len(self.dataset.ids) - len(pending)
        if done:
            print_log(f'{self.folder}: {done} images are done, {len(pending)} are left', 'current')
        order = set(pending)
        left = [id for id in self.dataset.ids if id in order]
        return left[get_rank() :: get_world_size()]

    def _lost(self, store: Store, bad: Sequence[LeftOut]) -> list[LeftOut]:
        """Find entries of this rank's share that have since vanished or changed."""
        known = {entry.id for part in all_gather_object(list(bad)) for entry in part}
        mine = [id for id in self.dataset.ids[get_rank() :: get_world_size()] if id not in known]
        reason = 'its entry was deleted or damaged while the stage ran'
        return [LeftOut(id, reason, str(self.folder), 'StoreError') for id in store.pending(mine)]

    def _loader(self, runner: Any, positions: Sequence[int]) -> Any:
        here = self.fp16 and self.output.network_in_workers
        in_workers = None if here else self.output.in_workers
        dataset = PendingDataset(self.dataset, positions, in_workers)
        config = {
            **self.dataloader_cfg,
            'dataset': dataset,
            'sampler': SequentialSampler(dataset),
            'collate_fn': collate_pending,
        }
        if not positions:  # nobody to start workers for
            config.update(num_workers=0, persistent_workers=False)
        return runner.build_dataloader(config, seed=runner.seed)

    @torch.no_grad()
    def _run_iter(self, index: int, batch: PendingBatch, writer: BackgroundWriter) -> list[LeftOut]:
        runner = self.runner
        runner.call_hook('before_test_iter', batch_idx=index, data_batch=batch.data)
        bad, outputs = list(batch.bad), []
        if batch.data is not None:
            try:
                with autocast(enabled=self.fp16):
                    outputs = runner.model.test_step(batch.data)
            except ValueError as error:
                raise StageFailed(f'model: {error}') from error
        for entry in bad:
            print_log(f'left out {entry.id}: {entry.reason}', 'current', 30)
        for sample in outputs:
            writer.put(sample.img_id, self._value(sample))
        bad += self._failed(writer.store, writer.done())
        runner.call_hook('after_test_iter', batch_idx=index, data_batch=batch.data, outputs=outputs)
        return bad

    def _failed(self, store: Store, errors: list[tuple[str, Exception]]) -> list[LeftOut]:
        """Convert failed writes to left-out images.

        Raises:
            StageFailed: The disk cannot be written to.
        """
        left_out = []
        for id, error in errors:
            if isinstance(error, OSError):
                raise StageFailed(
                    f'{store.path(id)}: cannot be written ({error}). What is finished is kept; '
                    'make room or mend the folder and run again'
                ) from error
            if not isinstance(error, StoreError):
                raise error
            reason = str(error)
            if isinstance(error.__cause__, ValueError) and self.output.refiner is not None:
                reason += f' (made by {self.output.refiner["type"]})'
            left_out.append(LeftOut(id, reason, 'model', type(error).__name__))
            print_log(f'left out {id}: {reason}', 'current', 30)
        return left_out

    def _value(self, sample: SegDataSample) -> Any:
        fields = {'scores': 'seeds', 'masks': 'pred_sem_seg'}
        value = sample.get(fields.get(self.kind, self.kind))
        if value is None:
            kinds = {name: kind for kind, name in fields.items()}
            gives = [kinds.get(name, name) for name in (*kinds, *KINDS) if name in sample]
            raise StageFailed(
                f"test_cfg.kind is '{self.kind}', but {type(self.model).__name__} gives "
                f'{" and ".join(gives) or "none of these"}: set test_cfg.kind to that. Masks of '
                'scores are made by the stages of configs/refine'
            )
        return value.data.squeeze(0).cpu().numpy() if self.kind == 'masks' else value

    def _meta(self) -> StoreMeta:
        return new_meta(
            self.kind,
            self.output,
            self.dataset,
            config=self.identity,
            checkpoint=self.runner._load_from,
            stride=self.stride,
            dtype=self.dtype,
        )
