"""Base class of metrics: one result per image, and a protocol beside every number."""

import io
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmwsss.datasets.errors import DataError
from mmwsss.ops.confusion import Scores
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.mask_audit import MaskAudit, MaskRow


class ProtocolMetric(BaseMetric):
    """A metric that keeps one result per image and reports how its number was obtained.

    Results of single images let mmengine drop what a distributed sampler has added, which a
    running sum cannot. The record of how the predictions were made arrives as
    ``dataset_meta['protocol']`` and is printed with the list that was scored.

    Args:
        ignore_index: Ground truth of pixels that are left out.
        collect_device: 'cpu' or 'gpu', see mmengine.
        collect_dir: Folder to exchange results in, shared by all processes.
        prefix: Put before the metrics' names.
    """

    def __init__(
        self,
        *,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        self.ignore_index = ignore_index
        self.reported: dict[str, Any] = {}  # the protocol of the last report
        self._remarks: list[str] = []  # on the masks that were scored with

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, background first."""
        return tuple(self.dataset_meta['classes'])

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count each image and keep its id and counts.

        Args:
            data_batch: Not used.
            data_samples: Samples as dictionaries, with ``img_id``, the prediction and the
                ground truth.

        Raises:
            ValueError: A sample lacks something or cannot be scored; the message names it.
        """
        for sample in data_samples:
            name = sample.get('img_id', sample.get('img_path', f'image {len(self.results)}'))
            try:
                self.results.append((name, self.count(sample), _audit_row(name, sample)))
            except (KeyError, ValueError) as error:
                reason = f'the sample has no {error}' if isinstance(error, KeyError) else error
                raise ValueError(f'{type(self).__name__}: {name}: {reason}') from error

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Metrics of the collected results, of which there must be some.

        Raises:
            DataError: Most masks hold no class that their photo is tagged with, so that no number
                would mean anything.
        """
        if not results:
            raise ValueError(f'{type(self).__name__}: no image was scored')
        ids, counts, rows = zip(*results, strict=True)
        audit = MaskAudit(self.classes)
        audit.rows = [MaskRow(*row) for row in rows if row is not None]  # plain after collecting
        if error := audit.error():
            raise DataError(f'no number is reported: {error}')
        self._remarks = audit.remarks()
        return self.summarise(ids, counts)

    @abstractmethod
    def count(self, sample: dict) -> Any:
        """Count one image."""

    @abstractmethod
    def summarise(self, ids: Sequence[str], counts: Sequence[Any]) -> dict[str, float]:
        """Compute the metrics of all images."""

    def ground_truth(self, sample: dict) -> np.ndarray:
        """Label map of a sample. Shape: (H, W)."""
        return sample['gt_sem_seg']['data'].squeeze(0).cpu().numpy()

    def protocol(self, ids: Sequence[str], **own: Any) -> dict[str, Any]:
        """How the predictions were made and scored."""
        scored: dict[str, Any] = {'scored': len(ids), 'scored list': hash_list(ids)}
        if self._remarks:
            scored['note'] = '; '.join(self._remarks)
        return {**(self.dataset_meta.get('protocol') or {}), **scored, **own}

    def report(
        self, title: str, columns: dict[str, np.ndarray], names: Sequence[str], protocol: dict
    ) -> None:
        """Log a table with one row a class, and the protocol below it."""
        self.reported = protocol
        table = Table('class', *columns, title=title)
        for index, name in enumerate(names):
            table.add_row(Text(name), *(f'{values[index]:.2f}' for values in columns.values()))
        text = io.StringIO()  # no terminal, so no colours in the log file
        Console(file=text, width=100).print(table)
        lines = (f'{key}: {value}' for key, value in protocol.items())
        print_log('\n'.join(['', text.getvalue().rstrip(), *lines]), 'current')


def _audit_row(name: str, sample: dict) -> MaskRow | None:
    """What the mask of a sample adds to the audit; None where it has none."""
    if 'gt_sem_seg' not in sample:
        return None
    mask = sample['gt_sem_seg']['data']
    values = torch.bincount(mask.flatten().long(), minlength=256).nonzero().flatten().cpu()
    tags = sample.get('gt_label')
    known = None if tags is None else tuple(tags.flatten().nonzero().flatten().tolist())
    return MaskRow(name, values.numpy().astype(np.uint8), known)


def percentages(scores: Scores, index: int | tuple = ()) -> dict[str, float]:
    """Means of scores in percent under the names of the metrics."""
    means = {
        'mIoU': scores.miou,
        'mPrecision': scores.mprecision,
        'mRecall': scores.mrecall,
        'mFP': scores.mfp,
        'mFN': scores.mfn,
        'aAcc': scores.pacc,
        'mAcc': scores.macc,
    }
    return {name: 100 * float(values[index]) for name, values in means.items()}


def class_columns(scores: Scores, index: int | tuple = ()) -> dict[str, np.ndarray]:
    """Columns of :meth:`ProtocolMetric.report`, in percent."""
    columns = {'IoU': scores.iou, 'precision': scores.precision, 'recall': scores.recall}
    return {name: 100 * values[index] for name, values in columns.items()}
