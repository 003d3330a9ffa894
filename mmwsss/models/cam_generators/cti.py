"""CTI: class activation maps trained by infusing class tokens within and across images."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.backbones.class_token_layer import AttentionWatch
from mmwsss.models.backbones.class_token_vit import ClassTokenViT
from mmwsss.models.cam_generators.class_memory import ClassMemory
from mmwsss.models.cam_generators.mctformer import MCTformer
from mmwsss.models.heads.patch_cam_head import PatchCAMHead
from mmwsss.registry import MODELS, build


class CTIPasses(NamedTuple):
    """Outputs of a training step's passes through the network; None for passes that are skipped.

    Args:
        scores: Class scores of the weak view by tokens and by maps, then of the strong view by
            tokens and by maps. Shape of each: (N, C).
        cams: Non-negative maps of the weak view. Shape: (N, K, h, w).
        class_attention: Its attention from class tokens to patches. Shape: (N, K, h, w).
        patch_attention: Its attention between patches. Shape: (N, h * w, h * w).
        intra_cams: Non-negative maps of the weak view after infusion of the strong view's tokens.
            Shape: (N, K, h, w).
        cross_maps: Non-negative maps of the weak view after infusion of other images' tokens, times
            the attention from its class tokens. Shape: (N, K, h, w).
    """

    scores: tuple[Tensor, Tensor, Tensor, Tensor]
    cams: Tensor
    class_attention: Tensor | None = None
    patch_attention: Tensor | None = None
    intra_cams: Tensor | None = None
    cross_maps: Tensor | None = None


@MODELS.register_module()
class CTI(MCTformer):
    """MCTformer with a background token, trained by infusing tokens of other views and images.

    "Class Tokens Infusion for Weakly Supervised Semantic Segmentation" (Yoon, Kwon, Kim and Yoon,
    CVPR 2024), as released. A training sample is two views of a photo, a weak and a strong one.
    Both are classified. From epoch ``infuse_begin`` on three losses are added:

    - *background* (``loss_bg``): the refined background map should be the complement of the
      foreground's;
    - *intra-image infusion* (``loss_intra``): averaging the strong view's class tokens into the
      weak view's should not change its maps;
    - *cross-image infusion* (``loss_cross``, once the memory is full): the same with the mean
      tokens that the tagged classes had in other images.

    All views and infused copies run as one batch. Blocks before the infusion run once for a photo
    and its infused copies, up to the first block that leaves out branches at random.

    Args:
        backbone: See :class:`MCTformer`; with a background token.
        head: See :class:`MCTformer`; with a background map.
        infuse_block: Tokens are infused after this block (from 0).
        infuse_begin: First epoch (from 0) with the three losses; the memory is filled from then on.
        bg_class_blocks: Number of last blocks whose attention from class tokens the background loss
            adds. Attention between patches, and from class tokens in ``loss_cross``, is of all
            blocks after ``infuse_block``.
        memory_size: Tokens kept of each class; ``loss_cross`` begins when every class has as many.
        share_prefix: Run all blocks before the infusion once, so that infused copies share the
            random choices of the weak view. Saves time, but is not what was published.
        loss_bg: Config of a
            :class:`~mmwsss.models.losses.background_complement.BackgroundComplementLoss`, or the
            module; None leaves this loss out.
        loss_intra: Config of a :class:`~mmwsss.models.losses.map_agreement.MapAgreementLoss`, or
            the module; None leaves out the loss and its pass.
        loss_cross: As ``loss_intra``; None leaves out the loss, its pass and the memory.
        test_cfg: See :class:`MCTformer`.
        data_preprocessor: See :class:`MCTformer`.
        init_cfg: See :class:`MCTformer`.

    Raises:
        ValueError: An argument is out of range, or there is no background token.
    """

    def __init__(
        self,
        backbone: dict | ClassTokenViT,
        head: dict | PatchCAMHead,
        *,
        infuse_block: int = 3,
        infuse_begin: int = 0,
        bg_class_blocks: int = 6,
        memory_size: int = 30,
        share_prefix: bool = False,
        loss_bg: dict | nn.Module | None = dict(type='BackgroundComplementLoss'),
        loss_intra: dict | nn.Module | None = dict(type='MapAgreementLoss'),
        loss_cross: dict | nn.Module | None = dict(type='MapAgreementLoss'),
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            backbone,
            head,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        depth = self.backbone.depth
        if self.backbone.num_tokens == self.num_classes:
            raise ValueError('CTI needs background=True in the backbone and the head')
        if not 0 <= infuse_block < depth - 1 or not 1 <= bg_class_blocks <= depth:
            raise ValueError(
                f'infuse_block must be 0 to {depth - 2} and bg_class_blocks 1 to {depth} with the '
                f'{depth} blocks of the backbone, found {infuse_block} and {bg_class_blocks}'
            )
        if infuse_begin < 0:
            raise ValueError(f'infuse_begin is an epoch, at least 0, found {infuse_begin}')
        self.infuse_block, self.infuse_begin = infuse_block, infuse_begin
        self.bg_class_blocks, self.share_prefix = bg_class_blocks, share_prefix
        self.loss_bg, self.loss_intra, self.loss_cross = (
            build(MODELS, part) for part in (loss_bg, loss_intra, loss_cross)
        )
        self.memory = None
        if self.loss_cross is not None:
            self.memory = ClassMemory(self.num_classes, self.backbone.embed_dims, memory_size)

    def loss(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute ``loss_cls`` and ``loss_patch`` of both views, and the three further losses.

        Args:
            inputs: Normalised weak and strong views. Shape of each: (N, 3, H, W).
            data_samples: N samples with ``gt_label``.
        """
        if isinstance(inputs, Tensor) or len(inputs) != 2:
            found = tuple(inputs.shape) if isinstance(inputs, Tensor) else len(inputs)
            raise ValueError(
                'two batches of views are expected, weak and strong, found '
                f'{found}; the training pipeline needs TwoViews (see configs/cti)'
            )
        weak, strong = inputs
        tags = self.tags(data_samples)
        # Also right after resuming: the runner writes the epoch to the message hub.
        epoch = MessageHub.get_current_instance().get_info('epoch', 0)
        return self.losses(self.passes(weak, strong, tags, infuse=epoch >= self.infuse_begin), tags)

    def passes(self, weak: Tensor, strong: Tensor, tags: Tensor, *, infuse: bool) -> CTIPasses:
        """Run both views and, with ``infuse``, their infused copies; update the token memory.

        Args:
            weak: Normalised images. Shape: (N, 3, H, W).
            strong: Other views of the same photos. Shape: (N, 3, H, W).
            tags: Multi-hot. Shape: (N, C).
            infuse: Whether the three losses are on.
        """
        net, n, stop = self.backbone, len(weak), self.infuse_block + 1
        x, grid = net.embed(torch.cat([weak, strong]))
        shared = stop if self.share_prefix else min(net.fixed_blocks, stop)
        copies, watches = {}, []
        if infuse and self.loss_bg is not None:
            first = net.depth - self.bg_class_blocks
            seen = AttentionWatch(slice(n), classes_from=first, patches_from=stop)
            watches.append(seen)
        x = prefix = net.run(x, 0, shared, watches)
        x = net.run(x, shared, stop, watches)
        if infuse:
            tokens = x[:, : net.num_tokens]
            if self.loss_intra is not None:
                copies['intra'] = tokens[n:]
            if self.memory is not None:
                own = self.foreground(tokens[:n]).detach()
                self.memory.update(own, tags)
                if self.memory.ready:
                    copies['cross'] = self.memory.recall(own, tags)
        if copies:
            again = net.run(prefix[:n].repeat(len(copies), 1, 1), shared, stop)
            pairs = zip(again.split(n), copies.values(), strict=True)
            x = torch.cat([x, *(infuse_tokens(part, new, net.num_tokens) for part, new in pairs)])
        if 'cross' in copies:  # the last of the batch
            crossed = AttentionWatch(slice(len(x) - n, None), classes_from=stop)
            watches.append(crossed)
        output = net.split(net.run(x, stop, net.depth, watches), grid)
        maps = self.head(output.patches)
        token_scores, patch_scores = self.scores(output.tokens[: 2 * n], maps[: 2 * n])
        scores = (token_scores[:n], patch_scores[:n], token_scores[n:], patch_scores[n:])
        parts = dict(zip(('weak', 'strong', *copies), maps.relu().split(n), strict=True))
        passes = CTIPasses(scores, parts['weak'], intra_cams=parts.get('intra'))
        if infuse and self.loss_bg is not None:
            assert seen.classes is not None
            attention = seen.classes.unflatten(-1, grid)
            passes = passes._replace(class_attention=attention, patch_attention=seen.patches)
        if 'cross' in copies:
            assert crossed.classes is not None
            attention = crossed.classes.unflatten(-1, grid)
            passes = passes._replace(cross_maps=parts['cross'] * attention)
        return passes

    def losses(self, passes: CTIPasses, tags: Tensor) -> dict[str, Tensor]:
        """Compute the named losses from the result of :meth:`passes`.

        Args:
            passes: Outputs for N photos.
            tags: Multi-hot. Shape: (N, C).
        """
        names = ('loss_cls', 'loss_patch', 'loss_cls_strong', 'loss_patch_strong')
        losses = {
            name: F.multilabel_soft_margin_loss(scores, tags)
            for name, scores in zip(names, passes.scores, strict=True)
        }
        if passes.patch_attention is not None:
            losses['loss_bg'] = self.loss_bg(
                passes.cams, passes.class_attention, passes.patch_attention, tags
            )
        if passes.intra_cams is not None:
            losses['loss_intra'] = self.loss_intra(passes.cams, passes.intra_cams)
        if passes.cross_maps is not None:
            losses['loss_cross'] = self.loss_cross(
                self.foreground(passes.cams), self.foreground(passes.cross_maps)
            )
        return losses


def infuse_tokens(x: Tensor, tokens: Tensor, num_tokens: int) -> Tensor:
    """Average other tokens into the class tokens of a sequence.

    Args:
        x: Class tokens, then patches. Shape: (N, K + h * w, D).
        tokens: Tokens for the last k class tokens; the others stay as they are. Shape: (N, k, D).
        num_tokens: K.
    """
    rest = num_tokens - tokens.shape[1]
    middle = (x[:, rest:num_tokens] + tokens) / 2
    return torch.cat([x[:, :rest], middle, x[:, num_tokens:]], 1)
