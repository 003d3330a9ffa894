"""Mask2Former's head for masks with unlabelled pixels."""

import torch
import torch.nn.functional as F
from mmcv.ops import point_sample
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from mmseg.models.decode_heads.mask2former_head import Mask2FormerHead
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.registry import MODELS

#: A logit whose sigmoid, loss and gradient are zero against a target of zero, in float16 too.
_NEVER = -1e4


@MODELS.register_module()
class PseudoMaskMask2FormerHead(Mask2FormerHead):
    """mmseg's ``Mask2FormerHead`` that ignores unlabelled pixels in all losses.

    mmseg only drops ``ignore_index`` from the list of classes: in every class's mask
    such a pixel is then a negative, so the matching, the mask loss and the dice loss
    all punish a network that sees the object there. Pseudo masks are unlabelled
    exactly where an object is likely (along its contour), and padding of a crop is
    unlabelled too. Here points on unlabelled pixels cost nothing and are not chosen
    as uncertain ones; the mask loss is a mean over labelled points; an image without
    any label has no loss. On masks without unlabelled pixels both heads are equal, bit
    for bit. Arguments are those of ``mmseg.Mask2FormerHead``.
    """

    def _seg_data_to_instance_data(
        self, batch_data_samples: list[SegDataSample]
    ) -> tuple[list[InstanceData], list[dict]]:
        """Mark the unlabelled pixels of every class's mask by ``ignore_index``."""
        instances, metas = super()._seg_data_to_instance_data(batch_data_samples)
        for instance, sample in zip(instances, batch_data_samples, strict=True):
            unlabelled = sample.gt_sem_seg.data == self.ignore_index
            instance.masks = instance.masks.masked_fill(unlabelled, self.ignore_index)
        return instances, metas

    @staticmethod
    def _unlabelled(targets: Tensor) -> Tensor:
        """Points that touch a pixel marked by ``ignore_index`` (0 and 1 are labels)."""
        return targets > 1.5

    def _get_targets_single(
        self, cls_score: Tensor, mask_pred: Tensor, gt_instances: InstanceData, img_meta: dict
    ) -> tuple:
        """Match queries to classes of one image on labelled points.

        Args:
            cls_score: Shape: (Q, num_classes + 1).
            mask_pred: Mask logits. Shape: (Q, h, w).
            gt_instances: ``labels`` (G,) and ``masks`` (G, H, W).
            img_meta: Passed to the assigner.

        Returns:
            What mmdet's method returns: labels, label weights, mask targets, mask
            weights, positive and negative queries, sampling result.
        """
        labels, masks = gt_instances.labels, gt_instances.masks
        coords = torch.rand((1, self.num_points, 2), device=cls_score.device)
        logits, targets = (
            point_sample(x[:, None].float(), coords.repeat(len(x), 1, 1)).squeeze(1)
            for x in (mask_pred, masks)
        )
        unlabelled = self._unlabelled(targets).any(0)
        # Costs are sums over all points, which leave the range of float16.
        with torch.autocast(cls_score.device.type, enabled=False):
            assigned = self.assigner.assign(
                InstanceData(
                    scores=cls_score.float(), masks=logits.masked_fill(unlabelled, _NEVER)
                ),
                InstanceData(labels=labels, masks=targets.masked_fill(unlabelled, 0)),
                img_meta,
            )
        result = self.sampler.sample(
            assign_result=assigned,
            pred_instances=InstanceData(scores=cls_score, masks=mask_pred),
            gt_instances=gt_instances,
        )
        matched = result.pos_assigned_gt_inds
        query_labels = labels.new_full((self.num_queries,), self.num_classes, dtype=torch.long)
        query_labels[result.pos_inds] = labels[matched]
        # If the image has no labels, no-object queries are not penalised.
        label_weights = labels.new_full((self.num_queries,), float(len(labels) > 0))
        mask_weights = mask_pred.new_zeros(self.num_queries)
        mask_weights[result.pos_inds] = 1.0
        return (
            query_labels,
            label_weights,
            masks[matched],
            mask_weights,
            result.pos_inds,
            result.neg_inds,
            result,
        )

    def _loss_by_feat_single(
        self,
        cls_scores: Tensor,
        mask_preds: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses of one decoder layer.

        Args:
            cls_scores: Shape: (N, Q, num_classes + 1).
            mask_preds: Mask logits. Shape: (N, Q, h, w).
            batch_gt_instances: ``labels`` and ``masks`` of each image.
            batch_img_metas: Metainfo of each image.

        Returns:
            Classification, mask and dice loss.
        """
        labels, label_weights, mask_targets, mask_weights, avg_factor = self.get_targets(
            list(cls_scores), list(mask_preds), batch_gt_instances, batch_img_metas
        )
        labels, label_weights = torch.cat(labels), torch.cat(label_weights)
        class_weight = cls_scores.new_tensor(self.class_weight)
        loss_cls = self.loss_cls(
            cls_scores.flatten(0, 1),
            labels,
            label_weights,
            avg_factor=(class_weight[labels] * label_weights).sum(),
        )

        # All ranks take part in the reduction, also one without any mask.
        num_masks = reduce_mean(cls_scores.new_tensor([avg_factor])).clamp(min=1)
        mask_preds = mask_preds[torch.stack(mask_weights) > 0]
        mask_targets = torch.cat(mask_targets).float()
        if not len(mask_targets):
            return loss_cls, mask_preds.sum(), mask_preds.sum()

        with torch.no_grad():
            # A very sure logit keeps the search for uncertain points off the unlabelled area.
            unlabelled = self._unlabelled(
                F.interpolate(mask_targets[:, None], mask_preds.shape[-2:], mode='nearest')
            )
            coords = get_uncertain_point_coords_with_randomness(
                mask_preds[:, None].masked_fill(unlabelled, _NEVER),
                None,
                self.num_points,
                self.oversample_ratio,
                self.importance_sample_ratio,
            )
            targets = point_sample(mask_targets[:, None], coords).squeeze(1)
            unlabelled = self._unlabelled(targets)
            targets = targets.masked_fill(unlabelled, 0)
            labelled_points = self.num_points * (1 - unlabelled.float().mean()).clamp(min=1e-6)
        logits = point_sample(mask_preds[:, None], coords).squeeze(1)
        logits = logits.masked_fill(unlabelled, _NEVER)
        loss_dice = self.loss_dice(logits, targets, avg_factor=num_masks)
        loss_mask = self.loss_mask(
            logits.flatten(), targets.flatten(), avg_factor=num_masks * labelled_points
        )
        return loss_cls, loss_mask, loss_dice
