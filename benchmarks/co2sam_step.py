"""Training steps of Co2SAM: detector and T-teacher live, against stored prompts and answers.

Random photos and weights at the published sizes by default (SAM ViT-B at 1024 pixels, Grounding
DINO Swin-T, which needs the extra [det] and a folder with BERT's vocabulary; without one the
detector is left out). ``--arch tiny`` is a small SAM.
"""

import argparse
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from mmseg.structures import SegDataSample

from benchmarks.timing import Times, load, timed
from mmwsss.engine import SkippingOptimWrapper
from mmwsss.models import Co2SAM
from mmwsss.models.detectors import MMDetGroundingDINO
from mmwsss.models.sam.sizes import parse_sizes
from mmwsss.structures import BoxPrompts

TINY = dict(
    embed_dims=32,
    depth=2,
    num_heads=2,
    global_attn_indexes=(1,),
    image_size=128,
    out_channels=32,
    decoder_mlp=64,
)


def batch(side: int, boxes: int) -> dict:
    """A photo's two views and its boxes, as the data loader gives them."""
    random = torch.Generator().manual_seed(0)
    views = [
        [torch.randint(0, 256, (3, side, side), generator=random, dtype=torch.uint8)]
        for _ in range(2)
    ]
    corner = torch.rand(boxes, 2, generator=random).numpy() / 2
    sample = SegDataSample(metainfo=dict(img_id='photo', img_shape=(side, side)))
    corners = np.concatenate([corner, corner + 0.4], 1)
    prompts = BoxPrompts(corners, np.ones(boxes), np.zeros(boxes), (side, side))
    sample.set_field(prompts, 'prompts')
    return dict(inputs=views, data_samples=[sample])


def main(argv: Sequence[str] | None = None) -> dict[str, Times]:
    """Run; the times of a step in each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--arch', default='vit_b', help='of SAM, or tiny')
    parser.add_argument('--side', type=int, help='of the square, where it is not the published')
    parser.add_argument('--boxes', type=int, default=3)
    parser.add_argument('--captions', type=int, default=2, help='tags of the photo')
    parser.add_argument('--bert', help='folder with config.json and vocab.txt')
    parser.add_argument('--steps', type=int, default=1)
    parser.add_argument('--with-cp', action='store_true', help='less memory')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args(argv)
    arch = parse_sizes(TINY if args.arch == 'tiny' else args.arch)
    arch = replace(arch, image_size=args.side or arch.image_size)
    detector = None
    if args.bert:
        detector = MMDetGroundingDINO(arch='swin-t', bert=args.bert).to(args.device)
    side = arch.image_size
    data = batch(side, args.boxes)
    photo = data['inputs'][0][0].permute(1, 2, 0).numpy()
    times: dict[str, Times] = {}
    logged: dict[str, dict] = {}
    print(f'SAM {args.arch} at {side} pixels, {args.boxes} boxes, {load()}')
    with tempfile.TemporaryDirectory() as folder:
        for name in ('stored', 'live'):  # the smaller one first: memory only has a peak
            torch.manual_seed(0)
            model = Co2SAM(
                num_classes=20,
                sam=dict(arch=arch, with_cp=args.with_cp),
                teacher_cache=dict(folder=folder) if name == 'stored' else None,
                data_preprocessor=dict(type='SAMDataPreprocessor', side=side),
            ).to(args.device)
            optimizer = SkippingOptimWrapper(torch.optim.Adam(model.parameters(), 0.0))
            if name == 'stored':
                with torch.no_grad():
                    model(**model.data_preprocessor(data, True), mode='loss')
            with timed() as times[name]:
                for _ in range(args.steps):
                    if name == 'live' and detector is not None:
                        detector([photo], [[['dog']] * args.captions], [None])
                    logged[name] = model.train_step(data, optimizer)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            if torch.device(args.device).type == 'cuda':
                peak = torch.cuda.max_memory_allocated() / 2**30
            print(f'{name:7} {times[name]} in {args.steps} steps, peak {peak:5.2f} GiB')
    difference = max(
        abs(float(logged['live'][key]) - float(logged['stored'][key])) for key in logged['live']
    )
    ratio = times['live'].cpu / times['stored'].cpu
    print(f'ratio {ratio:.2f}, largest difference of a loss {difference:.1e}')
    return times


if __name__ == '__main__':
    main()
