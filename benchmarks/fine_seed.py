"""FMA-WSSS from a photo to its fine seed: images per minute, and where the time goes.

CLIP ViT-B/16 with random weights, photos with sides in multiples of 16, CAA as on VOC, seeding by
the colour regions of ``RegionProposer``, which are timed apart (as is SAM's "segment everything",
by ``everything_mode``). Beside it the way that encodes the prompts anew for each photo.

Example: ``python -m benchmarks.fine_seed --images 4``
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from mmseg.structures import SegDataSample

from benchmarks.grad_cam import TINY
from benchmarks.timing import call, load
from mmwsss.models import CLIP, FMA
from mmwsss.proposers import RegionProposer
from mmwsss.refiners import SAMSeeding


def smooth_photo(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Blobs of colour, uint8 (H, W, 3)."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 90.0)
    for _ in range(8):
        cy, cx, radius = rng.random(3) * (height, width, height / 3)
        image[np.hypot(y - cy, x - cx) < radius] = 255 * rng.random(3)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Images per CPU minute, by way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=4)
    parser.add_argument('--classes', type=int, default=3, help='in each photo')
    parser.add_argument('--size', type=int, nargs=2, default=(384, 512), help='height and width')
    parser.add_argument('--tiny', action='store_true', help='a tiny CLIP instead of ViT-B/16')
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    prompts = dict(
        names=[f'class {k}' for k in range(20)],
        background=[f'thing {k}' for k in range(25)],
        context='class_specific',
        layout='front',
    )
    model = FMA(
        CLIP(arch=TINY if args.tiny else 'ViT-B-16-quickgelu'),
        prompts,
        num_classes=20,
        seeding=SAMSeeding(0.7),
        test_cfg=dict(caa=dict(threshold=0.5, source='cam', layers=3 if args.tiny else 8)),
    ).eval()
    images = [smooth_photo(*args.size, rng) for _ in range(args.images)]
    proposals, regions = call(lambda: [RegionProposer()(image) for image in images])
    print(f'{args.images} photos {args.size[0]}x{args.size[1]}, {load()}')
    print(f'colour regions: {regions}')

    def run(every_photo: bool) -> list[np.ndarray]:
        masks = []
        for image, own in zip(images, proposals, strict=True):
            if every_photo:
                model._text = None
            sample = SegDataSample(metainfo=dict(ori_shape=image.shape[:2]))
            sample.gt_label = torch.zeros(20)
            sample.gt_label[: args.classes] = 1
            sample.set_field(own, 'proposals')
            x = torch.from_numpy(image.transpose(2, 0, 1).copy()).float()[None] / 64 - 2
            model(x, [sample], mode='predict')
            masks.append(sample.pred_sem_seg.data[0].numpy())
        return masks

    with torch.no_grad():
        model.text_features()
        rates = {}
        for way, every_photo in (('texts once', False), ('texts for each photo', True)):
            masks, times = call(run, every_photo)
            rates[way] = 60 * args.images / times.cpu
            print(f'{way}: {times}, {rates[way]:.1f} images a CPU minute')
    if any(mask.shape != tuple(args.size) for mask in masks):
        raise SystemExit('a mask has another size')
    return rates


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
