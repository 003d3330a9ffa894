"""Seeds and masks of single photos, without a data set."""

import difflib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample
from PIL import Image

from mmwsss.apis.pipelines import photo_pipeline
from mmwsss.config import read_config
from mmwsss.datasets.io import read_image
from mmwsss.engine.auto_classes import find_classes, resolve_num_classes
from mmwsss.engine.checkpoint_io import load_checkpoint, newest_in
from mmwsss.engine.loaded_weights import misfit, weights_of
from mmwsss.models.cam_generators.base import BaseCAMGenerator
from mmwsss.recipes.trained import trained_network
from mmwsss.registry import MODELS
from mmwsss.stores.hashing import hash_text
from mmwsss.structures import Seeds
from mmwsss.visualization.overlay import cam_overlay, mask_overlay

#: A path, an RGB array (H, W, 3) of uint8, or an image of Pillow's.
Photo = str | Path | np.ndarray | Image.Image


@dataclass(frozen=True, eq=False)
class Inference:
    """Prediction of a network for one photo.

    Args:
        image: The photo. Shape: (H, W, 3), uint8, RGB.
        mask: 0 background, 1..C. Shape: (H, W), uint8.
        classes: The class names, background first.
        seeds: Class scores; ``None`` for a segmentor.
        tag_scores: Score of each tag in [0, 1]; ``None`` for a segmentor.
        palette: Colours by mask value.
    """

    image: np.ndarray
    mask: np.ndarray
    classes: tuple[str, ...]
    seeds: Seeds | None = None
    tag_scores: dict[str, float] | None = None
    palette: np.ndarray | None = None

    def overlay(self) -> np.ndarray:
        """The photo with the mask painted over it. Shape: (H, W, 3), uint8."""
        return mask_overlay(self.image, self.mask, self.palette)

    def cam_overlay(self) -> np.ndarray:
        """The photo with the best scores painted over it. Shape: (H, W, 3), uint8.

        Raises:
            ValueError: A segmentor gives no scores.
        """
        if self.seeds is None:
            raise ValueError('a segmentor gives masks and no seeds: use overlay()')
        return cam_overlay(self.image, self.seeds)


class WSSSInferencer:
    """Runs a CAM generator or a segmentor on photos.

    Args:
        config: Config of the stage that trained it, or its path. The pipeline of its
            ``test_dataloader`` prepares the photos.
        checkpoint: Its weights, or the folder of the training, for the newest there. Defaults to
            the config's ``load_from``.
        device: E.g. 'cuda:1'. Defaults to the first GPU, or the CPU.

    Raises:
        ValueError: The checkpoint does not fit the config, or none is given.

    Example:
        >>> inferencer = WSSSInferencer('configs/cam/cam_r18_shapes.py', 'epoch_20.pth')
        >>> result, = inferencer('photo.jpg', tags=[['cat']])
        >>> Image.fromarray(result.overlay()).save('overlay.png')
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None = None,
        device: str | None = None,
    ) -> None:
        cfg = config if isinstance(config, Config) else read_config(config)
        cfg = cfg.copy()
        init_default_scope(cfg.get('default_scope', 'mmwsss'))
        self.checkpoint = checkpoint = newest_in(checkpoint or cfg.get('load_from'))
        loaded = load_checkpoint(checkpoint) if checkpoint else {}
        meta = (loaded.get('meta') or {}).get('dataset_meta') or {}
        self.classes = tuple(meta.get('classes') or find_classes(cfg))
        palette = meta.get('palette')
        self.palette = None if palette is None else np.asarray(palette, np.uint8)
        resolve_num_classes(cfg, self.classes)
        self.model = MODELS.build(cfg.model)
        _load_weights(self.model, loaded, checkpoint)
        self.device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        self.model.to(self.device).eval()
        # A one-stage transformer segments, unless its config asks for seeds.
        self._makes_seeds = (
            isinstance(self.model, BaseCAMGenerator) and 'scores' in self.model.store_output().kinds
        )
        self._pipeline, self._bgr, self.upright, self._limit = photo_pipeline(cfg)
        parts = [cfg.model, repr(self._pipeline), self._limit.max_pixels]
        self.config_hash = hash_text(json.dumps(parts, default=str, sort_keys=True))

    @classmethod
    def from_recipe(
        cls, work_dir: str | Path, stage: str | None = None, device: str | None = None
    ) -> 'WSSSInferencer':
        """The network that a recipe trained.

        Args:
            work_dir: The recipe's work directory, or the folder of one training.
            stage: Name of the stage. Defaults to the last that trained a network: the segmentor.
            device: As in the constructor.

        Raises:
            RecipeError: There is no trained network.

        Example:
            >>> inferencer = WSSSInferencer.from_recipe('work_dirs/cam_folder_recipe')
        """
        found = trained_network(work_dir, stage)
        return cls(found.config, found.checkpoint, device)

    @property
    def makes_scores(self) -> bool:
        """Whether it is a CAM network, which takes tags and gives scores."""
        return self._makes_seeds

    def __call__(
        self,
        images: Photo | Sequence[Photo],
        tags: Sequence[Sequence[str]] | None = None,
        *,
        batch_size: int = 4,
        background: float = 0.3,
    ) -> list[Inference]:
        """Run the network on photos.

        Args:
            images: Paths, RGB arrays (H, W, 3) of uint8, or PIL images; one or many.
            tags: Class names of each photo, for CAM generators. Where they are not given, the
                tags that the network predicts are taken.
            batch_size: Photos at a time; neighbours of equal sizes run as one batch.
            background: Background score at which seeds become a mask.

        Returns:
            One result a photo.

        Raises:
            ValueError: A tag is no class, or tags are given to a segmentor.
        """
        images = [images] if isinstance(images, Photo) else list(images)
        labels = None if tags is None else self.labels(images, tags)
        if self._makes_seeds:
            self.model.test_cfg = replace(self.model.test_cfg, use_tags=tags is not None)
        results: list[Inference] = []
        indices = iter(range(len(images)))
        while chunk := list(islice(indices, batch_size)):
            prepared = [self.prepare(images[i], i, labels) for i in chunk]
            for _, group in groupby(prepared, key=lambda item: _sizes(item[1])):
                photos, packed = zip(*group, strict=True)
                samples = self.forward(packed)
                for photo, sample in zip(photos, samples, strict=True):
                    results.append(self._result(photo, sample, background))
        return results

    @torch.no_grad()
    def forward(self, packed: Sequence[dict]) -> list[SegDataSample]:
        """Run the network on what :meth:`prepare` gives of photos of equal sizes."""
        return self.model.test_step(pseudo_collate(packed))

    def prepare(
        self, image: Photo, index: int, labels: np.ndarray | None
    ) -> tuple[np.ndarray, dict]:
        """The photo, and what the network gets of it.

        Args:
            image: A path, an RGB array (H, W, 3) of uint8, or a PIL image.
            index: Its place among others, for messages.
            labels: As :meth:`labels` gives.
        """
        if isinstance(image, Image.Image):
            image = np.array(image.convert('RGB'))
        if isinstance(image, np.ndarray):
            photo, img_id, path = image, f'array {index}', None
        else:
            photo = read_image(image, upright=self.upright)
            img_id, path = Path(image).stem, str(image)
        if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or not photo.size:
            raise ValueError(
                f'image {index}: an RGB array (H, W, 3) of uint8 is expected, found '
                f'{photo.dtype} {photo.shape}'
            )
        looked_at = self._limit(photo, img_id)
        results: dict[str, Any] = {
            'img': np.ascontiguousarray(looked_at[..., ::-1]) if self._bgr else looked_at,
            'img_id': img_id,
            'img_path': path,
            'ori_shape': photo.shape[:2],
            'img_shape': looked_at.shape[:2],
        }
        if self._makes_seeds:
            empty = np.zeros(len(self.classes) - 1, np.float32)
            results['gt_label'] = empty if labels is None else labels[index]
        return photo, self._pipeline(results)

    def _result(self, photo: np.ndarray, sample: SegDataSample, background: float) -> Inference:
        if not self._makes_seeds:
            mask = sample.pred_sem_seg.data.squeeze(0).cpu().numpy().astype(np.uint8)
            return Inference(photo, mask, self.classes, palette=self.palette)
        names = self.classes[1:]
        scores = dict(zip(names, sample.tag_scores.cpu().tolist(), strict=True))
        mask = sample.seeds.to_mask(background)
        return Inference(photo, mask, self.classes, sample.seeds, scores, self.palette)

    def labels(self, images: Sequence, tags: Sequence[Sequence[str]]) -> np.ndarray:
        """Multi-hot labels of all photos. Shape: (N, C), float32."""
        if not self._makes_seeds:
            raise ValueError(
                f'{type(self.model).__name__} is a segmentor: it takes no tags, leave them out'
            )
        if isinstance(tags, str) or len(tags) != len(images):
            raise ValueError(
                f'tags must hold one list of class names a photo: {len(images)} photos, found '
                f'{tags!r:.80}'
            )
        names = self.classes[1:]
        labels = np.zeros((len(images), len(names)), np.float32)
        for index, given in enumerate(tags):
            given = [given] if isinstance(given, str) else given
            if not isinstance(given, Collection):
                raise ValueError(
                    f'image {index}: class names are expected as tags, found {given!r}'
                )
            for name in map(str, given):
                if name not in names:
                    close = difflib.get_close_matches(name, names, n=1)
                    hint = f', did you mean {close[0]!r}?' if close else ''
                    raise ValueError(
                        f'image {index}: the tag {name!r} is no class of this network{hint}; its '
                        f'classes are {", ".join(names)}'
                    )
                labels[index, names.index(name)] = 1
        return labels


def _sizes(packed: dict) -> tuple:
    inputs = packed['inputs']
    return tuple(tuple(x.shape) for x in (inputs if isinstance(inputs, list) else [inputs]))


def _load_weights(model: torch.nn.Module, loaded: dict, checkpoint: Any) -> None:
    """Load weights; what is trained must be there, frozen helpers need not."""
    problem = misfit(model, loaded)
    if problem and checkpoint is None:
        raise ValueError(f'{type(model).__name__} has weights to load: give a checkpoint')
    if problem:
        raise ValueError(f'{checkpoint}: {problem}')
    model.load_state_dict(weights_of(loaded), strict=False)
