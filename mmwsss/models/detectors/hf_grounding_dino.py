"""Grounding DINO of the package ``transformers``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmwsss.models.detectors.grounding import GroundingDetector, Tokens
from mmwsss.registry import MODELS


def require_transformers() -> Any:
    """The package.

    Raises:
        ImportError: It is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            "Grounding DINO needs the package transformers: pip install 'mmwsss[det]'"
        ) from error
    return transformers


def load_tokenizer(folder: str | Path) -> Any:
    """A fast tokenizer from a folder; nothing is downloaded.

    Raises:
        FileNotFoundError: It is not there.
    """
    folder = Path(folder)
    if not (folder / 'tokenizer.json').is_file() and not (folder / 'vocab.txt').is_file():
        raise FileNotFoundError(
            f'{folder}: no tokenizer.json or vocab.txt. A folder with the files of '
            'bert-base-uncased (or of the detector) is needed: nothing is downloaded at run time'
        )
    return require_transformers().AutoTokenizer.from_pretrained(folder, local_files_only=True)


class TokenizedDetector(GroundingDetector):
    """A grounding detector with a tokenizer of ``transformers``.

    Args:
        folder: Folder of the tokenizer.
        max_tokens: What the text encoder takes.
        options: Of :class:`~mmwsss.models.detectors.grounding.GroundingDetector`.
    """

    def __init__(self, folder: str | Path, max_tokens: int, options: dict[str, Any]):
        super().__init__(**options)
        self.tokenizer = load_tokenizer(folder)
        self.max_tokens = max_tokens

    def tokenize(self, caption: str) -> Tokens:
        """Tokens of a caption, all of them."""
        found = self.tokenizer(caption, return_offsets_mapping=True)
        return Tokens(found['input_ids'], [tuple(pair) for pair in found['offset_mapping']])

    def decode(self, ids: Sequence[int]) -> str:
        """Text of some tokens."""
        return self.tokenizer.decode(ids)


@MODELS.register_module()
class HFGroundingDINO(TokenizedDetector):
    """``GroundingDinoForObjectDetection``, in pure PyTorch.

    Extra ``[det]``.

    Args:
        folder: A folder as ``save_pretrained`` and the hub have it (``config.json``, weights,
            tokenizer), e.g. of IDEA-Research/grounding-dino-base. Nothing is downloaded.
        options: Arguments of :class:`~mmwsss.models.detectors.grounding.GroundingDetector`.

    Raises:
        FileNotFoundError: The folder is not there, or something in it.
        ImportError: transformers is not installed.
    """

    def __init__(self, folder: str | Path, *, options: dict[str, Any] = {}):
        transformers = require_transformers()
        if not (Path(folder) / 'config.json').is_file():
            raise FileNotFoundError(
                f'{folder}: no config.json. A folder with the files of a Grounding DINO is needed: '
                'nothing is downloaded at run time'
            )
        network = transformers.GroundingDinoForObjectDetection.from_pretrained(
            folder, local_files_only=True
        )
        super().__init__(folder, network.config.max_text_len, options)
        self.network = network.requires_grad_(False).eval()
        self.folder = str(folder)

    @property
    def device(self) -> torch.device:
        """The device that the network is on."""
        return self.network.device

    def to(self, device: torch.device | str) -> 'HFGroundingDINO':
        """Move to a device."""
        self.network.to(device)
        return self

    def ground(
        self, pixels: Tensor, image: Sequence[int], captions: Sequence[str]
    ) -> tuple[Tensor, Tensor]:
        """Run the network, see :class:`~mmwsss.models.detectors.grounding.GroundingDetector`."""
        text = self.tokenizer(list(captions), padding=True, return_tensors='pt')
        output = self.network(
            pixel_values=pixels[list(image)],
            **{name: value.to(self.device) for name, value in text.items()},
        )
        return output.logits, output.pred_boxes

    def protocol(self) -> dict[str, Any]:
        """Which network it is, with thresholds and rules."""
        config = self.network.config
        return {**super().protocol(), 'network': config.name_or_path or config.model_type}
