"""SAM's everything mode against ``SamAutomaticMaskGenerator`` of the package, on one SAM.

Random weights predict any IoU, so the thresholds are chosen such that about half of the masks pass
the first and half of those the second; boxes of random masks are alike, so none suppresses another.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from segment_anything import SamAutomaticMaskGenerator

from benchmarks.synthetic_sam import random_sam
from benchmarks.timing import call, load
from mmwsss.models import SAM
from mmwsss.proposers import SAMAutoProposer

TINY = dict(
    embed_dims=32, depth=2, num_heads=2, global_attn_indexes=(1,), image_size=256, out_channels=64
)


def photo(height: int, width: int) -> np.ndarray:
    """Blobs and noise. Shape: (H, W, 3), uint8."""
    noise = np.random.RandomState(0).randn(height, width, 3)
    smooth = gaussian_filter(noise, (12, 12, 0))
    return np.clip(128 + 60 * smooth / smooth.std() + 8 * noise, 0, 255).astype(np.uint8)


def thresholds(sam: SAM, image: np.ndarray) -> dict[str, float]:
    """Settings under which both filters have something to do."""
    offset = 0.05
    few = SAMAutoProposer(
        sam,
        points_per_side=3,
        pred_iou_thresh=0,
        stability_score_thresh=0,
        stability_score_offset=offset,
        box_nms_thresh=1.0,
    )(image)
    iou = float(np.quantile(few.iou, 0.5))
    return dict(
        pred_iou_thresh=max(iou, 1e-6),
        stability_score_thresh=float(np.quantile(few.stability[few.iou > iou], 0.5)),
        stability_score_offset=offset,
        box_nms_thresh=1.0,
    )


def main(argv: Sequence[str] | None = None) -> float:
    """Run both; the ratio of CPU times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--arch', default='tiny', choices=('tiny', 'vit_b', 'vit_l', 'vit_h'))
    parser.add_argument('--points', type=int, default=32, help='a side of the grid')
    parser.add_argument('--size', type=int, nargs=2, default=(375, 500), metavar=('H', 'W'))
    args = parser.parse_args(argv)
    sam, image = random_sam(TINY if args.arch == 'tiny' else args.arch), photo(*args.size)
    settings = dict(thresholds(sam, image), points_per_side=args.points)
    generator = SamAutomaticMaskGenerator(sam.module, **settings)
    proposer = SAMAutoProposer(sam, **settings)
    print(f'{args.arch}, {args.size[0]}x{args.size[1]}, {args.points**2} points, {load()}')
    found, fast = call(proposer, image)
    expected, slow = call(generator.generate, image)
    if len(found) != len(expected) or not len(found):
        raise SystemExit(f'{len(found)} masks, expected {len(expected)} and at least one')
    masks = np.stack([one['segmentation'] for one in expected])
    differing = (masks != found.masks()).mean()
    if differing > 1e-5:
        raise SystemExit(f'{differing:.1e} of the pixels differ')
    ratio = slow.cpu / fast.cpu
    print(f'package {slow}\nours    {fast}')
    print(f'ratio {ratio:.1f} (CPU); {len(found)} masks, pixels that differ {differing:.1e}')
    return ratio


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
