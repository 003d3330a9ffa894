"""SAM's "segment everything" mode: masks for a grid of point prompts."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torchvision.ops.boxes import batched_nms, box_area

from mmwsss.ops.mask_runs import MaskRuns, rock_sand_water
from mmwsss.ops.stability_bound import may_be_stable
from mmwsss.proposers.base import Proposer
from mmwsss.proposers.sam_crops import CropView, FoundMasks, gather_proposals
from mmwsss.registry import MODELS, PROPOSERS, build
from mmwsss.structures import Proposals

_MASKS = (1, 2, 3)  # SAM's three answers to a point; 0 is the answer to longer prompts
_TOKENS = (0, 2, 3, 4)  # the output tokens of the IoUs and of these


@PROPOSERS.register_module()
class SAMAutoProposer(Proposer):
    """Same masks as ``segment_anything.SamAutomaticMaskGenerator``, in the same order.

    Same settings, same masks; what is not kept is not computed: the predicted IoU is known before
    a mask is made, a mask whose stability cannot suffice is dropped at low resolution, where a
    bound on its full-resolution score follows from each pixel's neighbours (interpolated values
    lie between them), and at full resolution there is never more than a memory budget's worth of
    masks (``memory_gib`` of the SAM).

    ``level`` of the proposals is 0, 1 or 2: which of SAM's three answers to a point it was.

    Args:
        sam: Config of a :class:`~mmwsss.models.sam.sam.SAM`, or one.
        points_per_side: The grid has its square of points.
        pred_iou_thresh: Masks must have a higher predicted IoU.
        stability_score_thresh: Least IoU between a mask's versions at two thresholds ...
        stability_score_offset: ... this far above and below the usual one.
        box_nms_thresh: Of masks whose boxes overlap more, the one of higher IoU stays.
        crop_n_layers: Layers of ever smaller crops that are looked at beside the whole image.
        crop_nms_thresh: Like ``box_nms_thresh``, between crops; smaller crops win.
        crop_overlap_ratio: Overlap of the crops.
        crop_n_points_downscale_factor: Each layer has so many times fewer points a side.
        min_mask_region_area: Smaller holes and islands are removed (needs OpenCV); 0: none.
        iou_offset: Added to the predicted IoU of each level where ``pred_iou_thresh`` is applied.
        stability_offset: Added to the stability of each level where its threshold is applied.
        nms_offset: Added to the predicted IoU of each level where masks of one view compete.
        rock_sand_water: Threshold of :func:`~mmwsss.ops.mask_runs.rock_sand_water`, which is
            applied last and puts the levels in the order 2, 1, 0; None leaves it out.
    """

    runs_in: Literal['worker', 'device'] = 'device'

    def __init__(
        self,
        sam: dict | Any,
        *,
        points_per_side: int = 32,
        pred_iou_thresh: float = 0.88,
        stability_score_thresh: float = 0.95,
        stability_score_offset: float = 1.0,
        box_nms_thresh: float = 0.7,
        crop_n_layers: int = 0,
        crop_nms_thresh: float = 0.7,
        crop_overlap_ratio: float = 512 / 1500,
        crop_n_points_downscale_factor: int = 1,
        min_mask_region_area: int = 0,
        iou_offset: Sequence[float] = (0, 0, 0),
        stability_offset: Sequence[float] = (0, 0, 0),
        nms_offset: Sequence[float] = (0, 0, 0),
        rock_sand_water: float | None = None,
    ):
        if points_per_side < 1 or crop_n_layers < 0 or crop_n_points_downscale_factor < 1:
            raise ValueError(
                'points_per_side and crop_n_points_downscale_factor are at least 1, crop_n_layers '
                f'at least 0, found {points_per_side}, {crop_n_points_downscale_factor} and '
                f'{crop_n_layers}'
            )
        if any(len(offset) != 3 for offset in (iou_offset, stability_offset, nms_offset)):
            raise ValueError(
                'iou_offset, stability_offset and nms_offset have one number for each of the '
                f'levels 0, 1 and 2, found {iou_offset}, {stability_offset} and {nms_offset}'
            )
        self.sam = build(MODELS, sam)
        self.settings: dict[str, Any] = dict(
            points_per_side=points_per_side,
            pred_iou_thresh=pred_iou_thresh,
            stability_score_thresh=stability_score_thresh,
            stability_score_offset=stability_score_offset,
            box_nms_thresh=box_nms_thresh,
            crop_n_layers=crop_n_layers,
            crop_nms_thresh=crop_nms_thresh,
            crop_overlap_ratio=crop_overlap_ratio,
            crop_n_points_downscale_factor=crop_n_points_downscale_factor,
            min_mask_region_area=min_mask_region_area,
            iou_offset=list(iou_offset),
            stability_offset=list(stability_offset),
            nms_offset=list(nms_offset),
            rock_sand_water=rock_sand_water,
        )
        from segment_anything.utils import amg  # MODELS.build has said what to install
        from segment_anything.utils.transforms import ResizeLongestSide

        self.amg = amg
        self.frame = ResizeLongestSide(self.sam.sizes.image_size)
        self.grids = amg.build_all_layer_point_grids(
            points_per_side, crop_n_layers, crop_n_points_downscale_factor
        )

    def to(self, device: torch.device | str) -> 'SAMAutoProposer':
        """Move SAM to a device."""
        self.sam.to(device)
        return self

    def protocol(self) -> dict[str, Any]:
        """Settings, and the SAM in use."""
        return dict(type='SAMAutoProposer', **self.settings, sam=self.sam.protocol())

    def __call__(self, image: np.ndarray) -> Proposals:
        """All masks of an image, in order of falling predicted IoU (see ``nms_offset``).

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
        """
        return self.propose([image])[0]

    @torch.no_grad()
    def propose(self, images: Sequence[np.ndarray]) -> list[Proposals]:
        """All masks of several images, of any sizes; they are encoded together.

        Args:
            images: RGB. Shape: (H, W, 3) each, uint8.
        """
        views, inputs = [], []
        for index, image in enumerate(images):
            for box, layer in self._crops(image.shape[:2]):
                view = CropView(index, box, layer, image.shape[:2])
                pixels = self.frame.apply_image(image[box[1] : box[3], box[0] : box[2]])
                view.input_size = pixels.shape[:2]
                inputs.append(torch.as_tensor(pixels, device=self.sam.device).permute(2, 0, 1))
                views.append(view)
        embeddings = self.sam.encode(inputs)
        found = [self._search(view, embeddings[i : i + 1]) for i, view in enumerate(views)]
        results = []
        for index in range(len(images)):
            own = [i for i, view in enumerate(views) if view.image == index]
            results.append(self._merge([views[i] for i in own], [found[i] for i in own])[0])
        return results

    def _crops(self, size: tuple[int, int]) -> list[tuple[tuple[int, int, int, int], int]]:
        """Boxes (x1, y1, x2, y2) and their layers; the first is the whole image."""
        boxes, layers = self.amg.generate_crop_boxes(
            size, self.settings['crop_n_layers'], self.settings['crop_overlap_ratio']
        )
        return [(tuple(box), layer) for box, layer in zip(boxes, layers, strict=True)]

    def _search(self, view: CropView, embedding: Tensor) -> FoundMasks:
        """Masks of a view that pass the filters, the best first; boxes in the image's frame."""
        sam, threshold = self.sam, self.settings['pred_iou_thresh']
        offset = torch.tensor(self.settings['iou_offset'])
        points = self.grids[view.layer] * np.array(view.size[::-1])
        framed = self.frame.apply_coords(points, view.size)
        prompts = sam.prompts(np.zeros(len(points), np.int64), framed[:, None])
        places = torch.as_tensor(points + view.box[:2], dtype=torch.float32, device=sam.device)
        image = sam.prepare(embedding)
        parts = [FoundMasks.nothing(4 * sam.sizes.grid, sam.device)]
        for start in range(0, len(points), sam.prompts_per_pass):
            part = prompts[start : start + sam.prompts_per_pass]
            out, keys = sam.attend(image.select([0]), part, _TOKENS)
            iou = sam.decoder.quality(out[:, 0]).float()
            passed = iou + offset.to(iou) > threshold
            wanted = passed if threshold > 0 else torch.ones_like(passed)
            rows = wanted.any(1).nonzero()[:, 0]
            if not len(rows):
                continue
            logits = sam.decoder.masks(keys[rows], out[rows, 1:], _MASKS).float()[wanted[rows]]
            row, level = wanted.nonzero(as_tuple=True)
            parts += self._measure(view, logits, iou[wanted], level, places[start + row])
        found = FoundMasks.cat(parts)
        scores = found.iou + self._offset('nms', found.level)
        found = found[self._suppress(found.boxes, scores, self.settings['box_nms_thresh'])]
        found.boxes = self.amg.uncrop_boxes_xyxy(found.boxes, view.box)
        return found

    def _offset(self, name: str, level: Tensor) -> Tensor:
        """Offset of each mask, by its level."""
        values = self.settings[f'{name}_offset']
        return torch.tensor(values, dtype=torch.float32, device=level.device)[level]

    def _measure(
        self, view: CropView, logits: Tensor, iou: Tensor, level: Tensor, point: Tensor
    ) -> list[FoundMasks]:
        """Stability and boxes of masks, in parts that fit into the memory, without unfit ones."""
        offset, threshold = (
            self.settings[f'stability_score_{name}'] for name in ('offset', 'thresh')
        )
        if threshold > 0:
            hopeful = may_be_stable(
                logits,
                view.size,
                view.input_size,
                self.sam.sizes.image_size,
                offset=offset,
                needed=threshold - self._offset('stability', level),
            )
            logits, iou, level, point = (x[hopeful] for x in (logits, iou, level, point))
        height, width = view.full_size
        parts = []
        for start in range(0, len(logits), self.sam.masks_per_pass(view.size)):
            part = slice(start, start + self.sam.masks_per_pass(view.size))
            large = self.sam.upscale(logits[part][None], view.input_size, view.size)[0]
            stability = self.amg.calculate_stability_score(large, 0.0, offset)
            boxes = self.amg.batched_mask_to_box(large > 0)
            keep = ~self.amg.is_box_near_crop_edge(boxes, list(view.box), [0, 0, width, height])
            if threshold > 0:
                keep &= stability + self._offset('stability', level[part]) >= threshold
            found = FoundMasks(logits[part], iou[part], stability, boxes, level[part], point[part])
            parts.append(found[keep])
        return parts

    @staticmethod
    def _suppress(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
        """Non-maximum suppression: indices of kept masks by falling score."""
        group = torch.zeros(len(boxes), device=boxes.device)
        return batched_nms(boxes.float(), scores.to(boxes.device), group, threshold)

    def _merge(
        self, views: list[CropView], found: list[FoundMasks]
    ) -> tuple[Proposals, FoundMasks, Tensor]:
        """Masks of an image from those of its views, what was found, and in which view."""
        everything = FoundMasks.cat(found)
        counts = torch.tensor([len(x.iou) for x in found])
        origin = torch.arange(len(views)).repeat_interleave(counts)
        if len(views) > 1:  # prefer masks from smaller crops
            areas = box_area(torch.tensor([view.box for view in views]))
            threshold = self.settings['crop_nms_thresh']
            keep = self._suppress(everything.boxes, 1 / areas[origin], threshold)
            everything, origin = everything[keep], origin[keep.cpu()]
        size, min_area = views[0].full_size, self.settings['min_mask_region_area']
        parts, changed = [], []
        for start in range(0, len(origin), self.sam.masks_per_pass(size)):
            part = slice(start, start + self.sam.masks_per_pass(size))
            masks = self._draw(views, origin[part], everything.logits[part], size)
            if min_area > 0:
                changed += [self._clean(mask, min_area) for mask in masks]
            rest = (everything.iou, everything.stability, everything.level)
            iou, stability, level = (x[part].cpu().numpy() for x in rest)
            parts.append(Proposals.from_masks(masks, iou=iou, stability=stability, level=level))
        if not parts:
            none = np.zeros(0)
            empty = np.zeros((0, *size), bool)
            nothing = Proposals.from_masks(empty, iou=none, stability=none, level=none)
            return nothing, everything, origin
        order = np.arange(len(origin))
        if min_area > 0:  # prefer masks that were left as they are
            threshold = max(self.settings['box_nms_thresh'], self.settings['crop_nms_thresh'])
            # The package's boxes end with the last pixel instead of after it.
            boxes = torch.from_numpy(np.concatenate([part.boxes for part in parts]))
            boxes[:, 2:] -= (boxes[:, 2:] > 0).float()
            scores = 1 - torch.tensor(changed).float()
            order = self._suppress(boxes, scores, threshold).numpy()
        proposals = gather_proposals(parts, order)
        if (threshold := self.settings['rock_sand_water']) is not None:
            kept = rock_sand_water(MaskRuns(proposals), proposals.level, threshold)
            proposals, order = gather_proposals([proposals], kept), order[kept]
        chosen = torch.from_numpy(order)
        return proposals, everything[chosen.to(everything.iou.device)], origin[chosen]

    def _draw(
        self, views: list[CropView], origin: Tensor, logits: Tensor, size: tuple[int, int]
    ) -> np.ndarray:
        """Masks in the frame of the image. Shape: (M, H, W), bool."""
        masks = np.zeros((len(origin), *size), bool)
        for index in origin.unique().tolist():
            view, own = views[index], origin == index
            x1, y1, x2, y2 = view.box
            large = self.sam.upscale(
                logits[own.to(logits.device)][None], view.input_size, view.size
            )
            masks[own.numpy(), y1:y2, x1:x2] = (large[0] > 0).cpu().numpy()
        return masks

    def _clean(self, mask: np.ndarray, min_area: int) -> bool:
        """Fill small holes and remove small islands in place; returns whether there were any."""
        result, holes = self.amg.remove_small_regions(mask, min_area, mode='holes')
        result, islands = self.amg.remove_small_regions(result, min_area, mode='islands')
        mask[:] = result
        return holes or islands
