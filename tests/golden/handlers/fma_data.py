"""FMA-WSSS: SAM's masks with offsets and filter, augmentation, learning rates."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmwsss.config import read_config
from mmwsss.datasets.transforms.prompt_tuning import jitter_colors
from mmwsss.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS
from tests.golden.handlers import handles
from tests.golden.tolerance import EXACT, Tolerance, tolerance

CONFIGS = Path(__file__).parents[3] / 'configs'


def fma_config(name: str) -> Config:
    return read_config(CONFIGS / f'fma/fma_vit-b16-{name}.py')


class Prompts:
    """Points in the pixels of a crop."""

    def __init__(self, points):
        self.points = points

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        return Prompts(self.points[index])


class ScriptedSAM:
    """The case's formulas in the place of SAM: its low resolution is that of the crop."""

    device = torch.device('cpu')

    def __init__(self, phase: float, side: int, points_per_batch: int):
        self.phase, self.side = phase, side
        self.sizes = SimpleNamespace(image_size=side, grid=side // 4)
        self.decoder = self
        self.prompts_per_pass = points_per_batch

    def masks_per_pass(self, size):
        return 7

    def encode(self, images):
        return torch.zeros(len(images), 1)

    def prepare(self, embedding):
        return SimpleNamespace(select=lambda rows: None)

    def prompts(self, image, points):
        return Prompts(torch.as_tensor(np.asarray(points)[:, 0], dtype=torch.float64))

    def attend(self, images, prompts, wanted):
        points = prompts.points
        return points[:, None].expand(-1, len(wanted), -1), points

    def quality(self, points):
        x, y = points[:, :1], points[:, 1:]
        level = torch.arange(3)
        base = torch.tensor([0.88, 0.88, 0.74], dtype=torch.float64)
        return (base + 0.09 * torch.sin(1.1 * x + 0.9 * y + 2.1 * level + self.phase)).float()

    def masks(self, points, out, wanted):
        x, y = points[:, :1], points[:, 1:]
        level = torch.arange(3)
        q = torch.sin(0.37 * x + 1.3 * level + self.phase) * torch.cos(0.23 * y - 0.7 * level)
        radius = torch.tensor([6, 11, 17], dtype=torch.float64) * (1 + 0.35 * q)
        cx, cy = (torch.round(v / 12) * 12 for v in (x, y))
        place = torch.arange(self.side, dtype=torch.float64)
        far = torch.hypot(place - cx[:, :, None], (place - cy[:, :, None]).mT)
        return (9 * (radius[:, :, None, None] - far[:, None])).float()

    def upscale(self, logits, input_size, size):
        return logits[..., : size[0], : size[1]]


@handles('fma', 'sam_auto*')
def sam_auto(spec, arrays, folder):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from mmwsss.proposers import SAMAutoProposer

    config, image = dict(spec['config']), arrays['in_image']
    side = -(-max(image.shape) // 4) * 4
    batch = config.pop('points_per_batch')
    sam = ScriptedSAM(float(arrays['in_phase'][0]), side, batch)
    renamed = dict(
        iou_offset='score_thresh_offset',
        nms_offset='score_nms_offset',
        stability_offset='stability_score_bias',
        rock_sand_water='rock_sand_water_thresh',
    )
    options = {ours: config.pop(theirs) for ours, theirs in renamed.items()}
    proposer = SAMAutoProposer(sam, **config, **options)
    proposer.frame = SimpleNamespace(
        apply_image=lambda pixels: pixels, apply_coords=lambda points, size: points
    )
    seen = []
    merge = proposer._merge
    proposer._merge = lambda views, found: seen.append((views, merge(views, found))) or seen[-1][1]
    proposals = proposer(image)
    views, (_, found, origin) = seen[0]
    crops = np.array([views[i].box for i in origin.tolist()]).reshape(-1, 4)
    boxes = proposals.boxes.astype(np.int64)
    iou, level = torch.from_numpy(proposals.iou), torch.from_numpy(proposals.level).long()
    close = tolerance(spec, 'floats')
    results = {
        'n': np.int64(len(proposals)),
        'masks': np.packbits(proposals.masks(), axis=-1),
        'level': level.numpy(),
        'area': proposals.areas(),
        # The package's boxes end with the last pixel.
        'bbox': np.concatenate([boxes[:, :2], boxes[:, 2:] - 1 - boxes[:, :2]], 1),
        'crop_box': np.concatenate([crops[:, :2], crops[:, 2:] - crops[:, :2]], 1),
    }
    floats = {
        'predicted_iou': iou,
        'iou_thresh': iou + proposer._offset('iou', level),
        'iou_nms': iou + proposer._offset('nms', level),
        'stability': torch.from_numpy(proposals.stability) + proposer._offset('stability', level),
        'point': found.point,
    }
    results = {name: (value, arrays[f'out_{name}'], EXACT) for name, value in results.items()}
    return results | {
        name: (value.numpy(), arrays[f'out_{name}'], close) for name, value in floats.items()
    }


@handles('fma', 'augment*')
def augment(spec, arrays, folder):
    config, image = spec['config'], arrays['in_image_rgb']
    grey, results = tolerance(spec, 'jitter'), {}
    for index, values in enumerate(config['jitter']):
        changed = jitter_colors(
            image,
            brightness=values['delta_bright'],
            contrast=values['mul_contract'],
            saturation=values['mul_saturate'],
            hue=values['delta_hue'],
            order=values['jitter_order'],
        )
        expected = arrays[f'out_jitter{index}_bgr']
        results[f'jitter{index}_bgr'] = (changed[..., ::-1], expected, grey)
    order = np.array(config['jitter'][-1]['jitter_order'])
    results['jitter_expected_order'] = (order, arrays['out_jitter_expected_order'], EXACT)

    voc = fma_config('seg_voc')
    preprocessor = MODELS.build(voc.model.data_preprocessor)
    steps = [step for step in voc.train_dataloader.dataset.pipeline if step.type not in OTHERS]
    train = config['train']
    for step in steps:
        if step.type == 'RandomResizeCovering':
            step.update(low=train['low_size'], high=train['high_size'], short=train['short_thresh'])
        elif step.type == 'RandomCropInside':
            step.size = train['crop_size']
    sample = dict(
        img=image, pseudo_mask=arrays['in_label'], aligned={'pseudo_mask': 255}, img_id='case'
    )
    np.random.seed(config['numpy_seed'])
    for step in steps:
        sample = TRANSFORMS.build(step)(sample)
    data = TRANSFORMS.build(dict(type='PackTagged'))(sample)
    classes = len(arrays['out_full_ol_cls_lb'])
    label = data['data_samples'].pseudo_mask.data[0].numpy()
    present = np.isin(np.arange(classes), label).astype(np.int64)
    near = tolerance(spec, 'infer_img')
    steps = [step for step in voc.test_dataloader.dataset.pipeline if step.type not in OTHERS]
    tested = dict(img=image)
    for step in steps:
        tested = TRANSFORMS.build(step)(tested)
    tested = TRANSFORMS.build(dict(type='PackTagged'))(tested)

    def normalised(data):
        return preprocessor(dict(inputs=[data['inputs']]))['inputs'][0].numpy()

    # One grey level, as for the jitter, in normalised units.
    level = Tolerance(atol=1.01 / float(preprocessor.std.min()))
    (tested['inputs'],) = tested['inputs']  # of one scale
    return results | {
        'full_img': (normalised(data), arrays['out_full_img'], level),
        'full_lb': (label, arrays['out_full_lb'], EXACT),
        'full_ol_cls_lb': (present, arrays['out_full_ol_cls_lb'], EXACT),
        'infer_img': (normalised(tested), arrays['out_infer_img'], near),
    }


OTHERS = ('LoadImage', 'LoadPseudoMask', 'PackTagged')


@handles('fma', 'lr_schedule*')
def lr_schedule(spec, arrays, folder):
    results = {}
    for name, (total, warm_up) in spec['config'].items():
        data, task = name.split('_')
        cfg = fma_config(f'{task}_{data}')
        assert [one.end for one in cfg.param_scheduler] == [warm_up + 1, total]
        parameter = nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=cfg.optim_wrapper.optimizer.lr)
        schedulers = [
            PARAM_SCHEDULERS.build(dict(one, optimizer=optimizer)) for one in cfg.param_scheduler
        ]
        wanted = arrays[f'out_{name}_iter'].tolist()
        rates = {}
        for step in range(max(wanted) + 1):
            if step:
                for scheduler in schedulers:
                    scheduler.step()
            rates[step] = optimizer.param_groups[0]['lr']
        got = np.array([rates[step] for step in wanted], np.float32)
        results[f'{name}_lr'] = (got, arrays[f'out_{name}_lr'], tolerance(spec, f'{name}_lr'))
        results[f'{name}_iter'] = None
    return results
