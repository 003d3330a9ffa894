"""The network that a recipe trained: its config and its checkpoint, from the records on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmwsss.config.keys import suggest
from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.launching import CONFIG
from mmwsss.recipes.stage_folder import DONE, STARTED, newest_checkpoint, read_json

MANIFEST = 'manifest.json'


class TrainedNetwork(NamedTuple):
    """A network on disk.

    Args:
        stage: Name of the stage that trained it.
        config: Its resolved config.
        checkpoint: Its newest checkpoint.
    """

    stage: str
    config: Path
    checkpoint: Path


def trained_network(
    work_dir: str | Path, stage: str | None = None, *, first: bool = False
) -> TrainedNetwork:
    """The network of a recipe's work directory, or of one stage's folder in it.

    Args:
        work_dir: Folder of a recipe's run (also one that was moved), or of a training.
        stage: Name of the stage whose network is wanted. Defaults to the last stage that has
            trained one, which is the segmentor where the recipe was run to its end.
        first: The first stage instead, which is the one that makes seeds.

    Raises:
        RecipeError: The folder holds no trained network, or the stage none.
    """
    folder = Path(work_dir)
    if not folder.is_dir():
        raise RecipeError(f'{folder}: no such folder; give the work directory of a recipe')
    if stage is None and (found := _of_training(folder)):
        return found
    trained = {
        name: network for name in _stages(folder) if (network := _of_training(folder / name))
    }
    if not trained:
        raise RecipeError(
            f'{folder}: holds no trained network: neither the work directory of a recipe whose '
            'first training has ended, nor the folder of a training'
        )
    if stage is None:
        stage = list(trained)[0 if first else -1]
    if stage not in trained:
        raise RecipeError(
            f'{folder}: stage {stage!r} has trained no network{suggest(stage, list(trained))}; '
            f'there are {", ".join(trained)}'
        )
    return trained[stage]


def _stages(folder: Path) -> Sequence[str]:
    """Folders of stages, in the order of the recipe or, before there is a manifest, of time.

    Baselines are left out: they are there to be compared with.
    """
    listed = (read_json(folder / MANIFEST) or {}).get('stages') or ()
    if listed:
        return [stage['name'] for stage in listed if not stage.get('baseline')]
    begun = {
        path.parent.name: str((read_json(path) or {}).get('begun', ''))
        for name in (DONE, STARTED)
        for path in folder.glob(f'*/{name}')
        if not path.parent.name.endswith('.old')
    }
    return sorted(begun, key=begun.__getitem__)


def _of_training(folder: Path) -> TrainedNetwork | None:
    """What one training left, if it has."""
    if not (folder / 'last_checkpoint').is_file():
        return None
    if (folder / STARTED).is_file() and not (folder / DONE).is_file():
        return None  # it has not ended
    checkpoint = newest_checkpoint(folder)
    configs = [folder / CONFIG] if (folder / CONFIG).is_file() else sorted(folder.glob('*.py'))
    if checkpoint is None or len(configs) != 1:
        return None
    return TrainedNetwork(folder.resolve().name, configs[0], checkpoint)
