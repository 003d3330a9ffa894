"""One HTML file that shows every stage's result on the photos, the worst first."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmwsss.stores import StoreError, open_store
from mmwsss.visualization.page import CHOICES, correct_command, write_page
from mmwsss.visualization.text import outdated_text

__all__ = ['CHOICES', 'make_report']

_PARTS = {'scores': 'seeds', 'masks': 'pseudo mask', 'predictions': 'segmentor'}


def make_report(
    path: str | Path,
    *,
    dataset: Any,
    scores: str | Path | None = None,
    masks: str | Path | None = None,
    predictions: str | Path | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    title: str = 'Report',
    background: float | None = None,
    limit: int = 60,
    choose: str = 'even',
    thumbnail: int = 220,
    checkpoint: str | Path | None = None,
) -> Path:
    """Write ``report.html``: self-contained, to be opened in any browser or sent by mail.

    Images are ranked by the IoU of the last part given (predictions, else masks, else seeds);
    where there is no ground truth they stand in the order of the list.

    Args:
        path: The file to write.
        dataset: A tagged data set; its ``seg_map_path`` is the ground truth.
        scores: Score store.
        masks: Mask store of the pseudo masks.
        predictions: Mask store of the segmentor's predictions.
        stages: Rows of :func:`mmwsss.recipes.summary.summarise`.
        title: Heading.
        background: Background score at which seeds become a mask. Defaults to 0.3; the page has
            a slider for it.
        limit: Number of images shown.
        choose: Which ones: 'even' over the ranking, the 'worst', or 'random'.
        thumbnail: Long side of an image in pixels.
        checkpoint: Weights of the segmentor, named on the page.

    Returns:
        ``path``.

    Raises:
        StoreError: A store does not fit the data set, or none is given.
        ValueError: An option is wrong.
    """
    given = {'scores': scores, 'masks': masks, 'predictions': predictions}
    stores = {
        part: open_store(folder, 'scores' if part == 'scores' else 'masks')
        for part, folder in given.items()
        if folder is not None
    }
    if not stores:
        raise StoreError('a report needs a store: scores, masks or predictions')
    facts = {
        'outdated': outdated_text(stages) or None,
        'pseudo masks': masks,
        'predictions': predictions,
        'checkpoint': checkpoint,
        'to correct marked photos': None if masks is None else correct_command(masks),
        'to segment new photos': None if checkpoint is None else _predict_command(checkpoint),
    }
    return write_page(
        path,
        dataset=dataset,
        stores={_PARTS[part]: store for part, store in stores.items()},
        title=title,
        background=0.3 if background is None else background,
        limit=limit,
        choose=choose,
        thumbnail=thumbnail,
        stages=stages,
        facts={name: str(value) for name, value in facts.items() if value is not None},
    )


def _predict_command(checkpoint: str | Path) -> str:
    """What segments photos with the network that a training left in its folder."""
    words = ('mmwsss', 'predict', str(Path(checkpoint).parent), 'new_photos', 'out', '--overlay')
    return shlex.join(words)
