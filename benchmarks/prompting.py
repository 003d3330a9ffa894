"""S2C's prompting: all prompts of a batch at once against one decoder call for each.

The straightforward way is the release's: for every pair of image and class the prompt encoder, the
mask decoder with all its outputs, and two resizes (to 1024 and back) of all three masks. Both ways
get the same image embeddings; the decoder has the size of all published SAMs.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.synthetic_sam import SMALL, random_sam
from benchmarks.timing import call, load
from mmwsss.models import SAM
from mmwsss.models.sam.points import resize_logits


def cases(
    images: int, pairs: int, side: int, seed: int = 0
) -> tuple[np.ndarray, list[np.ndarray], Tensor]:
    """Image of each pair, its 1 to 4 points, and the embeddings."""
    rng = np.random.RandomState(seed)
    image = np.sort(np.append(np.arange(images), rng.randint(0, images, pairs - images)))
    points = [rng.rand(n, 2) * side for n in rng.randint(1, 5, pairs)]
    random = torch.Generator().manual_seed(seed)
    return image, points, torch.randn(images, 256, side // 16, side // 16, generator=random)


@torch.no_grad()
def decode_one_by_one(sam: SAM, embeddings: Tensor, image: np.ndarray, points: list) -> Tensor:
    """Low-resolution logits of the three masks of each prompt. Shape: (P, 3, 4 s, 4 s)."""
    module, results = sam.module, []
    for row, own in zip(image, points, strict=True):
        sparse, dense = module.prompt_encoder(
            points=(torch.as_tensor(own)[None], torch.ones(1, len(own))), boxes=None, masks=None
        )
        logits, _ = module.mask_decoder(
            embeddings[row : row + 1],
            module.prompt_encoder.get_dense_pe(),
            sparse.float(),
            dense,
            multimask_output=True,
        )
        results.append(logits)
    return torch.cat(results)


def resize_all(sam: SAM, logits: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Masks and confidence as released: all three masks, to SAM's square and back."""
    side = sam.sizes.image_size
    masks = [sam.module.postprocess_masks(one[None], (side, side), size)[0, 2] for one in logits]
    return torch.stack(masks) > 0, logits[:, 2]


def main(argv: Sequence[str] | None = None) -> list[float]:
    """Run both; the ratios of CPU times of decoding with post-processing, and of that alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--pairs', type=int, default=13)
    parser.add_argument('--side', type=int, default=1024, help="of SAM's square")
    parser.add_argument('--repeat', type=int, default=3)
    args = parser.parse_args(argv)
    sam = random_sam({**SMALL, 'image_size': args.side})
    size = (args.side // 4,) * 2
    image, points, embeddings = cases(args.images, args.pairs, args.side)

    def theirs() -> tuple[Tensor, Tensor]:
        return resize_all(sam, decode_one_by_one(sam, embeddings, image, points), size)

    def ours() -> tuple[Tensor, Tensor]:
        prompts = sam.prompts(image, points)
        logits = sam.decode(embeddings, prompts, outputs=(3,), with_iou=False).logits[:, 0]
        logits, confidence = resize_logits(logits, size, args.side)
        return logits > 0, confidence

    low = decode_one_by_one(sam, embeddings, image, points)
    own = low[:, 2].contiguous()
    ways = {
        'a call per pair': theirs,
        'one call': ours,
        'three masks, two resizes': lambda: resize_all(sam, low, size),
        'one mask, three taps': lambda: resize_logits(own, size, args.side),
    }
    print(f'{args.images} images, {args.pairs} pairs, {sum(map(len, points))} points, {load()}')
    results, times = {}, {}
    for name, way in ways.items():
        way()  # caches
        results[name], times[name] = call(lambda way=way: [way() for _ in range(args.repeat)][-1])
        times[name].cpu /= args.repeat
        times[name].wall /= args.repeat
        print(f'{name:24} {times[name].cpu:8.3f} CPU s {times[name].wall:8.3f} s')
    logits = (results['a call per pair'][1] - results['one call'][1]).abs().max().item()
    masks = (results['a call per pair'][0] != results['one call'][0]).float().mean().item()
    if logits > 1e-3 or masks > 1e-5:
        raise SystemExit(f'the results differ: logits by {logits:.1e}, {masks:.1e} of the masks')
    taps = (results['one mask, three taps'][0] > 0) != results['three masks, two resizes'][0]
    if taps.float().mean() > 1e-5:
        raise SystemExit('the filter gives other masks than the two resizes')
    cpu = [way.cpu for way in times.values()]
    ratios = [cpu[0] / cpu[1], cpu[2] / cpu[3]]
    print(
        f'ratios {ratios[0]:.1f} and {ratios[1]:.1f} (CPU); largest difference of logits '
        f'{logits:.1e}, mask pixels that differ {masks:.1e}'
    )
    return ratios


if __name__ == '__main__':
    main()
