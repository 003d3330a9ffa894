"""Seeds of a frozen CLIP with fixed prompts: maps that are spread along its attention."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.grad_cam import clip_grad_cam
from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.clip.text_bank import TextBank
from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    merge_attention,
    merge_chosen,
    minmax_score,
)
from mmwsss.ops.grad_cam import cosine_logits, present_softmax
from mmwsss.registry import MODELS


class CLIPSeeder:
    """Makes seeds of a frozen CLIP, for all methods with fixed prompts; not an ``nn.Module``.

    Args:
        clip: Config of a :class:`~mmwsss.models.clip.clip.CLIP`, or one.
        prompts: Arguments of a :class:`~mmwsss.models.clip.fixed_prompts.FixedPrompts`, or one.
        num_classes: Number of foreground classes, of each of which there must be a prompt.
        caa: Fields of an :class:`~mmwsss.ops.attention_affinity.AttentionAffinity`; None leaves the
            maps as they are.
        choose: Number of last blocks from which attention is chosen, to be multiplied with a learnt
            affinity where one is given (WeCLIP, phase 2).
        scale_divisor: Divides the factor of the cosines (WeCLIP+ with ViT-L/14: 4).
        bank: Enriches the texts of the classes (ExCEL): arguments of a
            :class:`~mmwsss.models.clip.text_bank.TextBank`, or one; None leaves them as they are.

    Raises:
        ValueError: The numbers of classes and of prompts differ, or more blocks are wanted than
            this CLIP has.
    """

    def __init__(
        self,
        clip: Mapping[str, Any] | CLIP,
        prompts: Mapping[str, Any] | FixedPrompts,
        num_classes: int,
        caa: Mapping[str, Any] | None,
        *,
        choose: int = 0,
        scale_divisor: float = 1.0,
        bank: Mapping[str, Any] | TextBank | None = None,
    ) -> None:
        self.prompts = prompts if isinstance(prompts, FixedPrompts) else FixedPrompts(**prompts)
        self.prompts.require(num_classes)
        self.caa = None if caa is None else AttentionAffinity(**caa)
        self.clip = clip if isinstance(clip, CLIP) else MODELS.build(dict(clip))
        self.bank = TextBank(**bank) if isinstance(bank, Mapping) else bank
        self.num_classes, self.choose, self.scale_divisor = num_classes, choose, scale_divisor
        wanted, there = max(self.layers, choose), self.clip.sizes.vision_layers
        if wanted > there:
            raise ValueError(
                f'the attention of {wanted} blocks is wanted, this CLIP has {there}: set '
                'caa.layers (and what is chosen of)'
            )

    @property
    def layers(self) -> int:
        """Number of last blocks whose attention is merged if no affinity is given."""
        return 0 if self.caa is None else self.caa.layers

    @property
    def scale(self) -> Tensor:
        """Factor of the cosines."""
        return self.clip.scale / self.scale_divisor

    def text(self) -> Tensor:
        """Encode all prompts, the classes first, enriched and normalised. Shape: (G, E)."""
        text = self.prompts.features(self.clip)
        return text if self.bank is None else self.bank.enrich(text, self.clip, self.num_classes)

    def logits(self, features: Tensor) -> Tensor:
        """Compute scaled cosines of image features (N, E) and all prompts. Shape: (N, G)."""
        return cosine_logits(features, self.text(), self.scale)

    def grad_cam(self, image: CLIPTokens, tags: Tensor) -> Tensor:
        """Compute raw maps of all pairs of image and tag.

        Args:
            image: N images from :meth:`CLIP.encode`.
            tags: Multi-hot. Shape: (N, C).

        Returns:
            In the order of ``tags.nonzero()``. Shape: (P, h, w).
        """
        return clip_grad_cam(
            self.clip, image, tags, self.text(), softmax=present_softmax, scale=self.scale
        )

    def spread(
        self,
        cam: Tensor,
        attention: Tensor,
        affinity: Tensor | None = None,
        weight: Tensor | None = None,
        caa: AttentionAffinity | None = None,
    ) -> Tensor:
        """Spread maps of one image along the attention, without normalising them.

        Args:
            cam: Raw maps. Shape: (P, h, w).
            attention: Attention of at least the last blocks that are used, class token first.
                Shape: (K, L, L).
            affinity: Factor of the chosen attention. Shape: (h w, h w).
            weight: How much each patch counts as a source. Shape: (P, h, w).
            caa: How maps are spread; what it says of layers is not read. Defaults to ``self.caa``.

        Returns:
            Shape: (P, h, w).
        """
        caa = caa or self.caa
        if caa is None:
            raise ValueError('maps are spread only where caa says how')
        if affinity is None:
            merged = merge_attention(attention[-self.layers :], half=False)
        else:
            merged = merge_chosen(attention[-self.choose :]) * affinity
        return caa(cam, merged, weight)

    def scores(
        self,
        cam: Tensor,
        attention: Tensor,
        affinity: Tensor | None = None,
        weight: Tensor | None = None,
        caa: AttentionAffinity | None = None,
    ) -> Tensor:
        """Spread maps of one image and stretch them to [0, 1); see :meth:`spread`."""
        if self.caa is None:
            return minmax_score(cam, passes=2)
        return minmax_score(self.spread(cam, attention, affinity, weight, caa))

    def protocol(self) -> dict[str, Any]:
        """Describe CLIP, prompts and text bank for the record of a store."""
        bank = {} if self.bank is None else self.bank.protocol()
        return dict(clip=self.clip.protocol(), prompts=self.prompts.protocol(), **bank)
