"""Grounding DINO of mmdet, on mmcv-lite too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmdet.registry import MODELS as MMDET
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.utils import get_installed_path
from torch import Tensor, nn

from mmwsss.config import read_config
from mmwsss.models.detectors.hf_grounding_dino import TokenizedDetector
from mmwsss.registry import MODELS
from mmwsss.stores.hashing import hash_file
from mmwsss.weights import read_weights_file

if TYPE_CHECKING:
    from mmdet.models.detectors import GroundingDINO

_FOLDER = 'mmdet::grounding_dino'
#: The two published networks.
PUBLISHED = {
    'swin-t': f'{_FOLDER}/grounding_dino_swin-t_pretrain_obj365_goldg_cap4m.py',
    'swin-b': f'{_FOLDER}/grounding_dino_swin-b_pretrain_mixeddata.py',
}


def read_arch(arch: str) -> Any:
    """Config of a published network as mmdet has it.

    Raises:
        ValueError: There is none of that name.
    """
    if arch not in PUBLISHED:
        raise ValueError(f'arch must be one of {", ".join(PUBLISHED)} or a config, found {arch!r}')
    package, name = PUBLISHED[arch].split('::')
    return read_config(Path(get_installed_path(package), '.mim', 'configs', name)).model


def build_grounding_dino(
    arch: str | Mapping[str, Any], bert: str | Path | None, max_tokens: int = 256
) -> GroundingDINO:
    """Build mmdet's ``GroundingDINO`` without weights.

    Args:
        arch: ``'swin-t'``, ``'swin-b'`` or a model config of mmdet.
        bert: See :class:`~mmwsss.models.detectors.bert.LocalBert`.
        max_tokens: Longest caption.

    Raises:
        ValueError: ``arch`` is unknown.
    """
    config = read_arch(arch) if isinstance(arch, str) else Config(dict(model=dict(arch))).model
    bert = None if bert is None else str(bert)
    config.language_model = dict(type='mmwsss.LocalBert', folder=bert, max_tokens=max_tokens)
    config.bbox_head.contrastive_cfg = {
        **config.bbox_head.get('contrastive_cfg', {}),
        'max_text_len': max_tokens,
    }
    if 'backbone' in config:
        config.backbone.pop('init_cfg', None)
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MMDET.build(config)


@MODELS.register_module()
class MMDetGroundingDINO(TokenizedDetector):
    """Grounding DINO by mmdet.

    Its post-processing scores a class by the mean over its tokens and keeps the 300 best; here the
    original rule is applied to the logits of the tokens instead. An image goes through the backbone
    once for all of its captions. Extra ``[det]``.

    Args:
        arch: ``'swin-t'`` (trained on Objects365, GoldG, Cap4M), ``'swin-b'`` (COCO and others
            beside), or a model config of mmdet.
        checkpoint: Weights under mmdet's names: a published file of mmdet, or what
            ``convert_checkpoint.py grounding-dino_*`` makes of an original one. None leaves them
            random, for tests and benchmarks.
        bert: Folder with ``config.json`` and ``vocab.txt`` of bert-base-uncased.
        max_tokens: Longest caption.
        options: Arguments of :class:`~mmwsss.models.detectors.grounding.GroundingDetector`.

    Raises:
        FileNotFoundError: A file or folder is not there.
        ImportError: transformers is not installed.
        ValueError: ``arch`` is unknown, or the checkpoint is of another network.
    """

    def __init__(
        self,
        *,
        arch: str | Mapping[str, Any],
        bert: str | Path,
        checkpoint: str | Path | None = None,
        max_tokens: int = 256,
        options: dict[str, Any] = {},
    ):
        network = build_grounding_dino(arch, bert, max_tokens)
        super().__init__(bert, max_tokens, options)
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        if self.checkpoint is not None:
            self._load(network, self.checkpoint)
        else:
            network.init_weights()
        self.network = network.requires_grad_(False).eval()

    @staticmethod
    def _load(network: nn.Module, checkpoint: str) -> None:
        if not Path(checkpoint).is_file():
            raise FileNotFoundError(f'{checkpoint}: no such checkpoint of a Grounding DINO')
        # Positions of BERT and the embedding of noisy labels are in some files and not in others.
        optional = ('position_ids', 'dn_query_generator.label_embedding.weight')
        state = read_weights_file(checkpoint)
        state = state.get('state_dict', state)
        try:
            missing, _ = network.load_state_dict(state, strict=False)
        except RuntimeError as error:
            raise ValueError(f'{checkpoint}: of a network of other sizes: {error}') from None
        missing = [name for name in missing if not name.endswith(optional)]
        if missing:
            raise ValueError(
                f'{checkpoint}: no checkpoint of this network under the names of mmdet: '
                f'{len(missing)} entries are missing, e.g. {", ".join(missing[:4])}. Original '
                'files are converted by tools/model_converters/convert_checkpoint.py'
            )

    @property
    def device(self) -> torch.device:
        """The device that the network is on."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device | str) -> MMDetGroundingDINO:
        """Move to a device."""
        self.network.to(device)
        return self

    def ground(
        self, pixels: Tensor, image: Sequence[int], captions: Sequence[str]
    ) -> tuple[Tensor, Tensor]:
        """Run the network, see :class:`~mmwsss.models.detectors.grounding.GroundingDetector`."""
        levels = self.network.extract_feat(pixels)
        logits: list[Tensor] = [None] * len(captions)  # type: ignore[list-item]
        boxes = list(logits)
        # Rows of one caption at a time: mmdet's fusion of image and text lets padding take part,
        # and its text layers mix up the masks of different captions.
        for caption in dict.fromkeys(captions):
            rows = [i for i, text in enumerate(captions) if text == caption]
            own = tuple(level[[image[i] for i in rows]] for level in levels)
            for i, *answer in zip(rows, *self._ground(own, caption, pixels), strict=True):
                logits[i], boxes[i] = answer
        return torch.stack(logits), torch.stack(boxes)

    def _ground(
        self, levels: tuple[Tensor, ...], caption: str, pixels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits and boxes of some images' features for one caption."""
        network, size, count = self.network, tuple(pixels.shape[-2:]), len(levels[0])
        text = network.language_model([caption] * count)
        text['embedded'] = network.text_feat_map(text['embedded'])
        meta = dict(img_shape=size, batch_input_shape=size)
        samples = [DetDataSample(metainfo=meta) for _ in range(count)]
        logits, boxes = network.bbox_head(**network.forward_transformer(levels, text, samples))
        return logits[-1], boxes[-1]

    def protocol(self) -> dict[str, Any]:
        """Which network it is, with thresholds and rules."""
        weights = hash_file(self.checkpoint) if self.checkpoint else ''
        return {**super().protocol(), 'checkpoint': weights}
