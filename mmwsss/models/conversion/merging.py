"""Merge a SAM's LoRA into its weights."""

from pathlib import Path

import torch

from mmwsss.models.conversion.reading import read_checkpoint
from mmwsss.models.one_stage.adapted_sam import AdaptedSAM, read_sam
from mmwsss.models.sam.lora import TAG, merge_lora
from mmwsss.models.sam.promptable_sam import to_sam_name
from mmwsss.stores.atomic import atomic_write


def merge_checkpoint(checkpoint: str | Path, sam: str | Path, target: str | Path) -> None:
    """Write an adapted SAM in the format of segment-anything's own checkpoints.

    Args:
        checkpoint: What a training of Co2SAM saved.
        sam: The SAM that it started from.
        target: Where to write; appears in full or not at all.

    Raises:
        ValueError: The checkpoint has no LoRA, or one of another SAM.
    """
    state = {name.removeprefix('sam.'): v for name, v in read_checkpoint(checkpoint).items()}
    ranks = {
        name.split('.')[-3].removeprefix(TAG): len(value)
        for name, value in state.items()
        if name.endswith('.down.weight')
    }
    if not ranks:
        raise ValueError(
            f'{checkpoint}: no LoRA in it (found {", ".join(list(state)[:4])}, ...). What Co2SAM '
            'saved is expected'
        )
    sizes = read_sam(sam).sizes
    (rank,) = set(ranks.values())
    network = AdaptedSAM(arch=sizes, checkpoint=sam, rank=rank, targets=tuple(ranks), save_all=True)
    network.load_state_dict(state)
    merge_lora(network.backbone)
    with atomic_write(target) as temporary:
        torch.save({to_sam_name(k): v for k, v in network.state_dict().items()}, temporary)
