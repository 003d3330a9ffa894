"""BERT as mmdet's Grounding DINO wants it, built from a folder instead of the hub."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from mmdet.models.language_models.bert import generate_masks_with_special_tokens_and_transfer_map
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmwsss.models.detectors.hf_grounding_dino import load_tokenizer, require_transformers
from mmwsss.registry import MODELS


@MODELS.register_module()
class LocalBert(BaseModel):
    """mmdet's ``BertModel`` for Grounding DINO without its two downloads.

    The folder gives sizes and vocabulary; the weights come with the detector's checkpoint. Names of
    parameters and outputs are mmdet's, and the tokens of one name do not attend to those of others.

    Args:
        folder: Folder with ``config.json`` and ``vocab.txt`` (or ``tokenizer.json``) of
            bert-base-uncased. None builds BERT-base without tokenizer and memory, for converters,
            which look at names.
        max_tokens: Longest caption.

    Raises:
        FileNotFoundError: The folder is not there, or something in it.
        ImportError: transformers is not installed.
    """

    SEPARATORS = ('[CLS]', '[SEP]', '.', '?')
    pad_to_max = False
    use_sub_sentence_represent = True

    def __init__(self, folder: str | Path | None = None, *, max_tokens: int = 256):
        super().__init__()
        transformers = require_transformers()
        self.max_tokens = max_tokens
        self.tokenizer: Any = None
        config = transformers.BertConfig()
        if folder is not None:
            if not (Path(folder) / 'config.json').is_file():
                raise FileNotFoundError(
                    f'{folder}: no config.json. A folder with the files of bert-base-uncased is '
                    'needed: nothing is downloaded at run time'
                )
            config = transformers.BertConfig.from_pretrained(folder, local_files_only=True)
            self.tokenizer = load_tokenizer(folder)
            self.special_tokens = self.tokenizer.convert_tokens_to_ids(list(self.SEPARATORS))
        body: Any = nn.Module()
        with nullcontext() if folder else torch.device('meta'):
            body.model = transformers.BertModel(config, add_pooling_layer=True)
        body.language_dim = config.hidden_size
        self.language_backbone = nn.Sequential(OrderedDict(body=body))

    def forward(self, captions: Sequence[str]) -> dict[str, Tensor]:
        """Embed captions.

        Args:
            captions: N captions; none is cut.

        Returns:
            ``embedded`` and ``hidden`` (N, T, D), ``masks`` (N, T, T), ``position_ids`` (N, T) and
            ``text_token_mask`` (N, T).

        Raises:
            ValueError: A caption is longer than ``max_tokens``.
        """
        body: Any = self.language_backbone.get_submodule('body')
        device = next(body.parameters()).device
        text = self.tokenizer(list(captions), padding='longest', return_tensors='pt').to(device)
        if text.input_ids.shape[1] > self.max_tokens:
            raise ValueError(
                f'a caption has {text.input_ids.shape[1]} tokens, the text encoder takes '
                f'{self.max_tokens}: split it'
            )
        mask, positions = generate_masks_with_special_tokens_and_transfer_map(
            text, self.special_tokens
        )
        # transformers 4 adds the dimension of the heads itself, 5 wants it.
        heads_first = int(require_transformers().__version__.split('.')[0]) >= 5
        hidden = body.model(
            input_ids=text.input_ids,
            attention_mask=mask[:, None] if heads_first else mask,
            position_ids=positions,
            token_type_ids=text.token_type_ids,
        ).last_hidden_state
        return dict(
            embedded=hidden,
            hidden=hidden,
            masks=mask,
            position_ids=positions,
            text_token_mask=text.attention_mask.bool(),
        )
