"""Test options of seeds from a frozen CLIP."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mmwsss.models.cam_generators.base import SeedTestCfg
from mmwsss.ops.attention_affinity import AttentionAffinity


@dataclass(frozen=True)
class CLIPTestCfg(SeedTestCfg):
    """Options of making seeds (``test_cfg``): one scale, no mirrored view.

    Args:
        caa: Fields of :class:`~mmwsss.ops.attention_affinity.AttentionAffinity`: the maps are
            spread along CLIP's attention; None leaves them as they are.
        use_tags: Make seeds of the classes in the image-level labels, as published. If False, of
            predicted tags.
        tag_threshold: Probability (softmax over all prompts) above which a tag is predicted; read
            if ``use_tags`` is False.
    """

    caa: Mapping[str, Any] | None = None
    tag_threshold: float = 0.1

    def __post_init__(self) -> None:
        if self.caa is not None:
            known = {field.name for field in fields(AttentionAffinity)}
            if set(self.caa) - known or {'threshold', 'source'} - set(self.caa):
                raise ValueError(
                    f'test_cfg.caa has threshold, source and perhaps others of {sorted(known)}, '
                    f'found {sorted(self.caa)}'
                )
            object.__setattr__(self, 'caa', dict(self.caa))
