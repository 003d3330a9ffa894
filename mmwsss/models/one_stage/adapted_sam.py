"""SAM with LoRA; only the LoRA is saved in checkpoints."""

import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from mmwsss.models.sam.lora import is_lora
from mmwsss.models.sam.promptable_sam import PromptableSAM, to_sam_name
from mmwsss.models.sam.sam import SAM
from mmwsss.models.sam.sizes import SAMSizes, sizes_of
from mmwsss.weights import read_weights_file


class AdaptedSAM(PromptableSAM):
    """A SAM with LoRA, of which only the LoRA is trained and saved.

    The frozen weights come from a published checkpoint. It is read when they are first needed: when
    training begins, or when a LoRA that was saved without them is loaded. A saved LoRA holds a
    fingerprint of its SAM, so that it is never used with another one.

    Args:
        arch: As for :class:`~mmwsss.models.sam.sam.SAM`.
        checkpoint: A published ``.pth``, read as it is. None leaves the weights random, for tests
            and benchmarks.
        rank: See :class:`~mmwsss.models.sam.lora.LoRAQKV`.
        targets: See :class:`~mmwsss.models.sam.lora.LoRAQKV`.
        with_cp: Compute the encoder's blocks again in the backward pass instead of keeping what
            they computed: less memory, more time.
        save_all: Save the frozen weights too.
    """

    FINGERPRINT = 'sam_fingerprint'

    def __init__(
        self,
        *,
        arch: str | Mapping[str, Any] | SAMSizes = 'vit_b',
        checkpoint: str | Path | None = None,
        rank: int = 4,
        targets: Sequence[str] = ('q', 'v'),
        with_cp: bool = False,
        save_all: bool = False,
    ):
        super().__init__(arch=arch, rank=rank, targets=targets, with_cp=with_cp)
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        self.save_all = save_all
        self._loaded = False
        self._register_state_dict_hook(_only_lora)

    def load_base(self) -> None:
        """Read the checkpoint, unless that has been done or came from elsewhere."""
        if not self._loaded and self.checkpoint is not None:
            self.load_sam(read_sam(self.checkpoint, self.sizes))
        self._loaded = True

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Load; a checkpoint of LoRA alone gets the base weights, if they fit."""
        expected = state_dict.pop(prefix + self.FINGERPRINT, None)
        own = self._full_state()
        frozen = {name for name in own if not is_lora(name)}
        if any(prefix + name in state_dict for name in frozen):
            self._loaded = True  # all of them, or the loader says which are missing
        else:
            self.load_base()
            own = self._full_state()
            for name in frozen:
                state_dict[prefix + name] = own[name]
            if expected is not None:
                self._compare(expected)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _full_state(self) -> dict[str, Tensor]:
        persistent = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        return {name: value.detach() for name, value in persistent.items()}

    def _compare(self, expected: Tensor) -> None:
        found = self.fingerprint()
        expected = expected.to(found)
        # Sums in another order differ by rounding.
        if (found - expected).abs().max() > 1e-6 * expected[1].abs():
            raise ValueError(
                'this LoRA was trained on another SAM: sums of its weights are '
                f'{expected.tolist()}, those of {self.checkpoint or "the random one here"} are '
                f'{found.tolist()}. Set model.sam.checkpoint and arch as they were in training'
            )


def read_sam(path: str | Path, sizes: SAMSizes | None = None) -> SAM:
    """Read a SAM from a published file, or from a checkpoint of :class:`SAMFromMasks` etc.

    Args:
        path: The file.
        sizes: Of the network; read off the file if None.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It holds another network, or none.
    """
    content = None
    if Path(path).is_file():
        with suppress(pickle.UnpicklingError, EOFError, RuntimeError):
            content = read_weights_file(path)
    if not isinstance(content, Mapping):
        return SAM(arch=sizes or 'vit_b', checkpoint=path)  # says what is wrong
    state = content.get('state_dict', content)
    state = {to_sam_name(name): value for name, value in state.items()}
    try:
        sam = SAM(arch=sizes or sizes_of(state))
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    sam.load_state_dict(state, where=f'{path}: ')
    return sam


def _only_lora(module: AdaptedSAM, state: dict, prefix: str, metadata: dict) -> None:
    """Remove the frozen weights from a state dict."""
    if module.save_all:
        return
    for name in [n for n in state if n.startswith(prefix) and not is_lora(n[len(prefix) :])]:
        del state[name]
    state[prefix + module.FINGERPRINT] = module.fingerprint()
