"""What a config does with the photos that it tests, without a data set."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.dataset import Compose

from mmwsss.datasets.folder import TaggedFolder
from mmwsss.datasets.transforms.pixel_limit import PixelLimit
from mmwsss.registry import DATASETS, TRANSFORMS
from mmwsss.stores import StoreReader

_LOADERS = ('LoadImage', 'LoadImageFromFile')
_TRUTH = ('LoadMask', 'LoadAnnotations')


def photo_pipeline(cfg: Config) -> tuple[Compose, bool, bool, PixelLimit]:
    """A config's test pipeline without loading.

    Returns:
        The transforms, whether they want BGR, whether photos are turned upright, and the limit of
        their pixels.

    Raises:
        ValueError: It reads a store, or does not begin by loading a photo.
    """
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset:
        dataset = dataset['dataset']
    transforms = list(dataset['pipeline'])
    names = [str(transform['type']).split('.')[-1] for transform in transforms]
    kinds = [TRANSFORMS.get(transform['type']) for transform in transforms]
    if stores := [kind for kind in kinds if kind is not None and issubclass(kind, StoreReader)]:
        raise ValueError(
            f'{cfg.filename}: {stores[0].__name__} reads a store that another stage makes; it '
            'has nothing for other photos. Give the config of a network'
        )
    if not names or names[0] not in _LOADERS:
        raise ValueError(
            f'{cfg.filename}: the test pipeline must begin with {" or ".join(_LOADERS)}, found '
            f'{names[:1]}'
        )
    kept = [t for t, name in zip(transforms, names, strict=True) if name not in _LOADERS + _TRUTH]
    built = Compose([TRANSFORMS.build(transform) for transform in kept])
    kind = DATASETS.get(dataset.get('type', ''))
    own = isinstance(kind, type) and issubclass(kind, TaggedFolder)
    upright = transforms[0].get('upright')
    if upright is None:
        upright = dataset.get('upright', own)
    limit = PixelLimit(dataset.get('max_pixels') if own else None)
    # mmcv reads BGR; mmseg's preprocessors of such configs turn it around.
    return built, names[0] == 'LoadImageFromFile', bool(upright), limit
