"""Training of S2C: its losses, its prompting of SAM, its samples and one whole update."""

import random
import re
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.config import read_config
from mmwsss.datasets.transforms.segments import segment_ids
from mmwsss.models import S2C, SAM, CAMPseudoLabelLoss, SAMPointDecoder, SegmentContrastLoss
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.sam.points import resize_logits
from mmwsss.models.sam.sizes import sizes_of
from mmwsss.ops.peaks import pick_points
from mmwsss.ops.pseudo_labels import merge_masks
from mmwsss.registry import MODELS, OPTIMIZERS, TRANSFORMS
from mmwsss.structures import Proposals
from tests.draws import no_draws
from tests.golden import fill
from tests.golden.handlers import handles, thin
from tests.golden.handlers.cam import CONFIGS, PREPROCESSOR, s2c_model
from tests.golden.tolerance import EXACT, Tolerance, has_avx512, tolerance


class StoredMaps(nn.Module):
    """A network whose maps the case stores."""

    def __init__(self, cam):
        super().__init__()
        self.num_classes = cam.shape[1]
        self.cam = cam

    def forward(self, x):
        return x, self.cam


def stored_s2c(cam, point_decoder=None):
    return S2C(
        nn.Identity(),
        StoredMaps(cam),
        point_decoder=point_decoder,
        data_preprocessor=PREPROCESSOR,
    )


@lru_cache(maxsize=1)
def build_sam(params: tuple, salt: str) -> SAM:
    """The case's SAM, whatever its sizes."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    state = {name: torch.from_numpy(fill.value(name, shape, salt)) for name, shape in params}
    sam = SAM(arch=sizes_of(state))
    missing, unexpected = sam.module.load_state_dict(state, strict=False)
    assert not unexpected and not missing, (missing, unexpected)
    return sam


def as_key(params: dict) -> tuple:
    return tuple((name, tuple(shape)) for name, shape in params.items())


def padded_points(points, scale, shape):
    """As the cases hold them: float64, the missing ones -1."""
    result = np.full(shape, -1.0)
    for row, own in zip(result, points, strict=True):
        row[: len(own)] = scale(own)
    return result


def statistics(values) -> np.ndarray:
    values = torch.as_tensor(values).double()
    return np.array([values.mean(), values.std(unbiased=False), values.abs().sum()])


def agreed(got, expected, mask, close):
    """Compare two maps where a third agrees."""
    return got[mask], expected[mask], close


@handles('s2c', 'loss_cls_ssc')
def loss_cls_ssc(spec, arrays, folder):
    results, close = {}, tolerance(spec)
    segments = torch.from_numpy(arrays['se'][:, 0]).long()
    pred = torch.from_numpy(arrays['pred']).requires_grad_()
    label = torch.from_numpy(arrays['label'])
    model = stored_s2c(pred[..., None, None])
    samples = [SegDataSample() for _ in label]
    for sample, tags, own in zip(samples, label, segments, strict=True):
        sample.gt_label, sample.segments = tags, PixelData(data=own[None])
    model.loss_ssc = None
    loss_cls = model.loss(torch.zeros(len(pred), 3, 4, 4), samples)['loss_cls']
    loss_cls.backward()
    results['loss_cls'] = (
        loss_cls.detach().numpy()[None],
        arrays['loss_cls'],
        tolerance(spec, 'loss_cls'),
    )
    results['grad_pred'] = (pred.grad.numpy(), arrays['grad_pred'], tolerance(spec, 'grad_pred'))
    for name in (name for name in arrays if name.startswith('loss_ssc_T')):
        factor = float(name.removeprefix('loss_ssc_T'))
        feat = torch.from_numpy(arrays['feat']).requires_grad_()
        loss = SegmentContrastLoss(temperature=factor)
        value = loss(feat, segments)
        value.backward()
        results[name] = (value.detach().numpy()[None], arrays[name], tolerance(spec, name))
        gradient = name.replace('loss_ssc', 'grad_feat')
        # The notes ask for a bound relative to the largest element.
        tight = Tolerance(atol=close.rtol, of_max=True)
        results[gradient] = (feat.grad.numpy(), arrays[gradient], tight)
    parts = loss.similarities(torch.from_numpy(arrays['feat']), segments)
    prototypes = np.zeros_like(arrays['prototypes'])
    logits = np.zeros((*arrays['logits'].shape[:2], segments[0].numel()), np.float32)
    for index, (ids, own, similar) in enumerate(parts):
        prototypes[index][:, ids] = own.T
        logits[index][ids] = similar.flatten(1)
    step = -(-logits.shape[2] // arrays['logits'].shape[2])
    results['prototypes'] = (prototypes, arrays['prototypes'], tolerance(spec, 'prototypes'))
    results['logits'] = (logits[..., ::step], arrays['logits'], tolerance(spec, 'logits'))
    return results


@handles('s2c', 'cpm_points')
def cpm_points(spec, arrays, folder):
    maps = torch.from_numpy(arrays['cam_ms'])
    size = tuple(maps.shape[1:])
    results = {}
    for name in (name for name in arrays if name.startswith('points_th')):
        digits = name.removeprefix('points_th')
        points = pick_points(maps, threshold=int(digits) / 10 ** len(digits))
        got = padded_points(
            points, lambda p: SAMPointDecoder.scale_points(p, size, 1024), arrays[name].shape
        )
        results[name] = (got, arrays[name], tolerance(spec, name))
    return results


@handles('s2c', 'cpm_aggregate')
def cpm_aggregate(spec, arrays, folder):
    cam = torch.from_numpy(arrays['cam']).requires_grad_()
    tags = torch.from_numpy(arrays['label'])
    size = arrays['pgt_sam'].shape[1:]
    model = stored_s2c(cam)
    with torch.no_grad():
        cams = model.prompting_maps(torch.zeros(len(cam), 3, *size), tags)
        logits, confidence = resize_logits(
            torch.from_numpy(arrays['low_res'].astype(np.float32)), tuple(size), 1024
        )
        labels = merge_masks(logits > 0, confidence, cams, tags > 0)
    loss = CAMPseudoLabelLoss()
    value = loss(cam, tags, torch.from_numpy(arrays['pgt_sam'].astype(np.int64)))
    value.backward()
    got_label = labels.label.numpy().astype(np.uint8)
    agree = got_label == arrays['pgt_sam']
    close = tolerance(spec)
    seen = loss.logits(cam, tags, tuple(size)).detach().numpy()
    step = -(-seen.shape[-1] // arrays['cam_main'].shape[-1])
    few = tolerance(spec, 'pgt_sam')
    in_mask = Tolerance(rtol=close.rtol, atol=close.atol, differing=few.differing)
    return {
        'cam_ms': (cams.numpy(), arrays['cam_ms'], tolerance(spec, 'cam_ms')),
        'sam_conf': (labels.scores.numpy(), arrays['sam_conf'], in_mask),
        'pgt_sam': (got_label, arrays['pgt_sam'], few),
        'pgt_score': agreed(labels.score.numpy(), arrays['pgt_score'], agree, close),
        'loss_cpm': (value.detach().numpy()[None], arrays['loss_cpm'], tolerance(spec, 'loss_cpm')),
        'grad_cam': (cam.grad.numpy(), arrays['grad_cam'], tolerance(spec, 'grad_cam')),
        'cam_main': (seen[..., ::step, ::step], arrays['cam_main'], tolerance(spec, 'cam_main')),
    }


def network_input(images) -> torch.Tensor:
    """``(x / 255 - mean) / std`` of RGB images (N, H, W, 3), rounded once, as the cases say.

    Our preprocessor rounds after each step. The difference of 1e-7 turns some ReLUs of ResNet-38d,
    which gradients of early layers show.
    """
    mean, std = (np.array(PREPROCESSOR[name]) / 255 for name in ('mean', 'std'))
    values = ((images / 255 - mean) / std).astype(np.float32)
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


def blank_rows(spec, x):
    """Rows that the case pads after normalisation ('In image 2, rows 200.. are zero')."""
    text = spec['inputs']['image']['desc']
    for image, first in re.findall(r'[Ii]n image (\d+), rows (\d+)\.\. are zero', text):
        x[int(image), :, int(first) :] = 0
    return x


@handles('s2c', 'sam_sequence')
def sam_sequence(spec, arrays, folder):
    sam = build_sam(as_key(spec['params']), spec['salt'])
    decoder = SAMPointDecoder(sam)
    cam, tags = (torch.from_numpy(arrays[name]) for name in ('cam', 'label'))
    model = stored_s2c(cam, decoder)
    x = blank_rows(spec, network_input(arrays['image']))
    size, side = tuple(x.shape[-2:]), sam.sizes.image_size
    prompting = model.prompt(x, [SegDataSample()] * len(x), tags)
    square = decoder.to_square(model.pixels(x))
    embeddings = sam.encode(square)
    points = [decoder.scale_points(p, size, side) for p in prompting.points]
    image = (tags > 0).nonzero()[:, 0].numpy()
    logits, iou = sam.decode(embeddings, sam.prompts(image, points))
    logits = logits[:, 2]

    close, label = tolerance(spec), prompting.labels.label.numpy().astype(np.uint8)
    score = thin(prompting.labels.score, arrays['pgt_score'])
    agree = thin(label == arrays['pgt_sam'], arrays['pgt_score'])
    masks = prompting.masks.numpy()
    packed = np.packbits(masks.reshape(len(masks), -1), axis=1)
    bits = (np.unpackbits(packed), np.unpackbits(arrays['mask']))
    loss = CAMPseudoLabelLoss()(cam, tags, prompting.labels.label).numpy()[None]
    area = masks.sum((1, 2))
    few = Tolerance(atol=(1 - tolerance(spec, 'mask').agreement) * masks[0].size)
    grey = Tolerance(atol=1)
    changed = thin(square, arrays['sam_image'])
    return {
        'sam_image': (changed, arrays['sam_image'], grey),
        'sam_image equal': (changed, arrays['sam_image'], tolerance(spec, 'sam_image')),
        'sam_image_stats': (
            statistics(square),
            arrays['sam_image_stats'],
            tolerance(spec, 'sam_image_stats'),
        ),
        'features': (
            thin(embeddings, arrays['features']),
            arrays['features'],
            tolerance(spec, 'features'),
        ),
        'features_stats': (
            statistics(embeddings),
            arrays['features_stats'],
            tolerance(spec, 'features_stats'),
        ),
        'points': (
            padded_points(points, lambda p: p, arrays['points'].shape),
            arrays['points'],
            EXACT,
        ),
        'low_res': (thin(logits, arrays['low_res']), arrays['low_res'], tolerance(spec, 'low_res')),
        'low_res_stats': (
            np.stack([statistics(one) for one in logits]),
            arrays['low_res_stats'],
            tolerance(spec, 'low_res_stats'),
        ),
        'iou': (iou.numpy(), arrays['iou'], tolerance(spec, 'iou')),
        'mask': (*bits, tolerance(spec, 'mask')),
        'mask_area': (area, arrays['mask_area'], few),
        'pgt_sam': (label, arrays['pgt_sam'], tolerance(spec, 'pgt_sam')),
        'pgt_score': agreed(score, arrays['pgt_score'], agree, close),
        'loss_cpm': (loss, arrays['loss_cpm'], tolerance(spec, 'loss_cpm')),
    }


@handles('s2c', 'train_data')
def train_data(spec, arrays, folder):
    pipeline = read_config(CONFIGS / 's2c/s2c_r38_voc.py').train_dataloader.dataset.pipeline
    kinds = [step['type'] for step in pipeline]
    after = kinds.index('SegmentsFromProposals') + 1
    # The case's samples have no colour jitter.
    steps = [TRANSFORMS.build(step) for step in pipeline[after:] if step['type'] != 'ColorJitter']
    preprocessor = MODELS.build(PREPROCESSOR)
    results = {}
    for name in sorted(name for name in arrays if name.startswith('image_')):
        number = name.removeprefix('image_')
        seed, *draws = arrays[f'draws_{number}'].tolist()
        random.seed(seed)
        torch.manual_seed(seed)
        sample = dict(
            img=arrays[name],
            img_id=number,
            gt_label=np.zeros(20, np.float32),
            segments=segment_ids(arrays[f'segments_{number}'].astype(np.int64)),
            aligned={'segments': 0},
            ori_shape=arrays[name].shape[:2],
        )
        drawn = []
        for step in steps:
            sample = step(sample)
            if type(step).__name__ == 'RandomResizeLong':
                height, width = sample['img_shape']
                drawn += [max(height, width), width, height]
            elif type(step).__name__ == 'RandomFlip':
                drawn.append(int(sample['flip']))
        data = preprocessor({key: [value] for key, value in sample.items()}, training=True)
        image, meta = data['inputs'][0].numpy(), data['data_samples'][0]
        top, left, _, _ = meta.valid_box
        expected = arrays[f'out_img_{number}']
        step = -(-image.shape[-1] // expected.shape[-1])
        # Of the four offsets two are those of the image in the canvas, which the sample knows.
        wanted = [*draws[:4], draws[4], draws[6]]
        results[f'draws_{number}'] = ([*drawn, left, top], wanted, EXACT)
        results[f'img_{number}'] = (
            image[:, ::step, ::step],
            expected,
            tolerance(spec, f'img_{number}'),
        )
        results[f'img_stats_{number}'] = (
            statistics(image),
            arrays[f'out_img_stats_{number}'],
            tolerance(spec, f'img_stats_{number}'),
        )
        results[f'se_{number}'] = (
            meta.segments.data[0].numpy(),
            arrays[f'out_se_{number}'].astype(np.int64),
            EXACT,
        )
        results[f'full_{number}'] = None  # 'not to be tested exactly'
    return results


@handles('s2c', 'se_map')
def se_map(spec, arrays, folder):
    masks = arrays['masks']
    zeros = np.zeros(len(masks))
    proposals = Proposals.from_masks(masks, iou=zeros, stability=zeros, level=zeros)
    return {'out': (proposals.label_map().astype(np.int64), arrays['out'], tolerance(spec, 'out'))}


@contextmanager
def closest_convolutions():
    """Without AVX-512, torch's own: oneDNN's put a gradient 0.8 % off, four times the bound."""
    with torch.backends.mkldnn.flags(enabled=has_avx512()):
        yield


@handles('s2c', 'update_full')
@closest_convolutions()
def update_full(spec, arrays, folder):
    cfg = read_config(CONFIGS / 's2c/s2c_r38_voc.py')
    official = spec['params']['net_main']
    state = s2c_model(dict(params=official, salt=spec['salt'])).state_dict()
    sam = build_sam(as_key(spec['params']['net_sam']), spec['salt'])
    cfg.model.backbone.pop('init_cfg', None)
    cfg.model.backbone.dropout = (0.0, 0.0)  # as in the case
    cfg.model.head.num_classes = arrays['label'].shape[1]
    cfg.model.head.proj_channels = state['head.proj.weight'].shape[0]
    cfg.model.point_decoder = None
    with no_draws():
        model = MODELS.build(cfg.model)
    model.load_state_dict(state)
    model.point_decoder = SAMPointDecoder(sam)
    model.train()
    tags = torch.from_numpy(arrays['label'])
    samples = []
    for own, segments in zip(tags, arrays['se'], strict=True):
        sample = SegDataSample(gt_label=own)
        sample.segments = PixelData(data=torch.from_numpy(segments.astype(np.int64)))
        samples.append(sample)
    inputs = network_input(arrays['image'])
    size = tuple(inputs.shape[-2:])
    seen = []
    prompt = model.prompt
    model.prompt = lambda *args: seen.append(prompt(*args)) or seen[-1]
    MessageHub.get_current_instance().update_info('epoch', model.cpm_begin)
    try:
        losses = model.loss(inputs, samples)
    finally:
        MessageHub.get_current_instance().update_info('epoch', 0)
    optimizer = OPTIMIZERS.build(dict(cfg.optim_wrapper.optimizer, params=model.parameters()))
    sum(losses.values()).backward()
    prompting = seen[0]
    close = tolerance(spec)
    results = {
        name: (losses[name].detach().numpy()[None], arrays[name], tolerance(spec, name))
        for name in losses
    }
    label = prompting.labels.label.numpy().astype(np.uint8)
    expected = arrays['pgt_score']
    agree = thin(label == arrays['pgt_sam'], expected)
    side = sam.sizes.image_size
    results |= {
        'cam_ms': (prompting.cams.numpy(), arrays['cam_ms'], tolerance(spec, 'cam_ms')),
        'pgt_sam': (label, arrays['pgt_sam'], tolerance(spec, 'pgt_sam')),
        'pgt_score': agreed(thin(prompting.labels.score, expected), expected, agree, close),
        'points': (
            padded_points(
                prompting.points,
                lambda p: SAMPointDecoder.scale_points(p, size, side),
                arrays['points'].shape,
            ),
            arrays['points'],
            EXACT,
        ),
    }
    parameters = dict(model.named_parameters())
    watched = [name for name in arrays if name.startswith('grad_')]
    official_names = {name.replace('.', '_'): name for name in official}
    old = {}
    for name in watched:
        ours = rename(official_names[name.removeprefix('grad_')], FORMATS['s2c'].rules)
        parameter = parameters[ours]
        old[name] = (parameter, parameter.detach().flatten()[: len(arrays[name])].clone())
        gradient = parameter.grad
        results[name] = (
            gradient.flatten()[: len(arrays[name])].numpy(),
            arrays[name],
            tolerance(spec, name),
        )
        norm = name.replace('grad_', 'gradnorm_')
        results[norm] = (np.array([gradient.double().norm()]), arrays[norm], tolerance(spec, norm))
    optimizer.step()
    for name, (parameter, before) in old.items():
        step_name = name.replace('grad_', 'step_')
        change = parameter.detach().flatten()[: len(before)] - before
        results[step_name] = (change.numpy(), arrays[step_name], tolerance(spec, step_name))
    return results
