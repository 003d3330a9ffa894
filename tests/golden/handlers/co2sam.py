"""Co2SAM: the adapted SAM, its losses and training, views, detector and label maps."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import OptimWrapper
from mmseg.structures import SegDataSample

from mmwsss.datasets.transforms.pixel_limit import resize_image
from mmwsss.datasets.transforms.prompted import frame_size
from mmwsss.engine import SkippingOptimWrapper
from mmwsss.engine.schedulers import WarmupStepsLR
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.detectors.grounding import GroundingDetector, input_size
from mmwsss.models.detectors.grounding_text import (
    keep_boxes,
    make_caption,
    match_phrase,
    phrase_tokens,
)
from mmwsss.models.losses.co2sam_loss import (
    contrast_loss,
    dice_loss,
    focal_loss,
    instance_entropy,
    mask_iou,
    prototypes,
)
from mmwsss.models.sam.lora import LoRAQKV, lora_parameters
from mmwsss.models.sam.prompts import Prompts
from mmwsss.models.sam.sizes import sizes_of
from mmwsss.ops import photometry
from mmwsss.ops.box_maps import BoxMapCfg, assemble, class_maps
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.registry import MODELS
from mmwsss.structures import BoxPrompts
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers, thin
from tests.golden.tolerance import EXACT, Tolerance, tolerance

LR = dict(lr=1e-4, betas=(0.9, 0.999), weight_decay=1e-4, eps=1e-8)
STEPS = dict(warmup=250, milestones=(60000, 86666))


def close(spec):
    """A bare number is a bound relative to the greatest absolute value of an array."""
    return Tolerance(atol=float(spec['tolerance']), of_max=True)


def statistics(values) -> np.ndarray:
    values = torch.as_tensor(np.asarray(values)).double()
    return np.array([values.mean(), values.std(unbiased=False), values.abs().sum()])


def in_deviations(got, expected, bound):
    """Mean and deviation relative to the deviation, the sum to itself."""
    scale = np.array([expected[1], expected[1], expected[2]])
    return statistics(got) / scale, expected / scale, Tolerance(atol=bound)


def published_state(spec) -> dict:
    return {
        name: torch.from_numpy(fill.value(name, shape, spec['salt']))
        for name, shape in spec['params'].items()
    }


def as_released(names):
    """Names of segment-anything's own checkpoints."""
    return {
        name.removeprefix('model.').replace('.qkv.qkv.', '.qkv.'): value
        for name, value in names.items()
        if 'linear_' not in name
    }


def build(spec, **options):
    """The case's network, of whatever size, from a checkpoint as the release writes it."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    state = published_state(spec)
    rank = next(v.shape[0] for name, v in state.items() if name.endswith('linear_a_q.weight'))
    sizes = sizes_of(as_released(state))
    model = MODELS.build(
        dict(
            type='Co2SAM',
            num_classes=20,
            sam=dict(arch=sizes, rank=rank),
            data_preprocessor=dict(
                type='SAMDataPreprocessor', side=sizes.image_size, normalize_train=False
            ),
            **options,
        )
    )
    ours = {rename(name, FORMATS['co2sam'].rules): value for name, value in state.items()}
    missing, unexpected = model.load_state_dict(ours)
    assert not missing and not unexpected
    return model


def as_inputs(images) -> list:
    return [torch.from_numpy(image).permute(2, 0, 1) for image in images]


@handles('co2sam', 'lora_qkv')
def lora_qkv(spec, arrays, folder):
    state = published_state(spec)
    names = {rename(name, FORMATS['co2sam'].rules).split('attn.qkv.')[1]: name for name in state}
    channels = state[names['base.weight']].shape[1]
    rank = state[names['lora_q.down.weight']].shape[0]
    layer = LoRAQKV(torch.nn.Linear(channels, 3 * channels), rank=rank)
    layer.load_state_dict({ours: state[name] for ours, name in names.items()})
    x = torch.from_numpy(arrays['x']).requires_grad_()
    y = layer(x)
    (y * torch.from_numpy(arrays['w'])).sum().backward()
    assert layer.base.weight.grad is None and layer.base.bias.grad is None
    bound = close(spec)
    merged = layer.merged()(x).detach().numpy()
    results = {
        'y': (y.detach().numpy(), arrays['y'], bound),
        'y merged': (merged, arrays['y'], bound),
        'grad_x': (x.grad.numpy(), arrays['grad_x'], bound),
    }
    for name, value in layer.named_parameters():
        if value.requires_grad:
            key = f'grad_{names[name].split("attn.qkv.")[1]}'
            results[key] = (value.grad.numpy(), arrays[key], bound)
    results['grad_*'] = None
    return results


@handles('co2sam', 'sam_lora_box', 'sam_lora_point', 'sam_plain_box', 'sam_eval_padded')
@torch.no_grad()
def sam_forward(spec, arrays, folder):
    model = build(spec)
    training = 'NO mean/std' in spec['inputs']['image']
    if 'linear_b_* weights set to zero' in spec['notes']:
        for name, value in lora_parameters(model).items():
            if '.up.' in name:
                value.zero_()
    data = model.data_preprocessor(
        {'inputs': as_inputs([arrays['image']]), 'data_samples': [SegDataSample()]}, training
    )
    x = data['inputs']
    embedding = model.sam.encode(x)
    boxes = next((arrays[k] for k in ('boxes_f64', 'boxes_scaled') if k in arrays), None)
    if boxes is not None:
        prompts = model.sam.prompts([boxes])
    else:
        prompts = Prompts.ragged(
            [0] * len(arrays['points']), arrays['points'], labels=arrays['point_labels']
        )
    answer = model.sam.decode(embedding, prompts)
    masks = model.sam.upsample(answer.low, arrays['image'].shape[:2])
    bound = close(spec)
    outputs = {
        'emb': embedding,
        'low_res': answer.low[:, None],
        'masks': masks,
        'iou': answer.iou[:, None],
        'input': x,
    }
    results = {}
    for name, value in outputs.items():
        for key in (name, f'{name}_sub'):
            if key in arrays:
                results[key] = (thin(value, arrays[key]), arrays[key], bound)
        key = f'{name}_stats'
        if key in arrays:
            results[key] = in_deviations(value, arrays[key], bound.atol)
    if 'mask_area' in arrays:
        area = (masks > 0).sum((1, 2)).numpy()
        results['mask_area'] = (area, arrays['mask_area'], Tolerance(atol=2))
    return results


@handles('co2sam', 'losses_mask')
def losses_mask(spec, arrays, folder):
    target, bound = torch.from_numpy(arrays['target']), close(spec)
    count = len(target)
    (alpha,) = numbers(spec['outputs']['focal_alpha08'], rf'alpha {NUMBER}')
    terms = {
        'focal_alpha_n': lambda x: focal_loss(x.sigmoid(), target, count),
        'focal_alpha08': lambda x: focal_loss(x.sigmoid(), target, alpha),
        'dice_smooth_n': lambda x: dice_loss(x.sigmoid(), target, count),
        'dice_smooth1': lambda x: dice_loss(x.sigmoid(), target),
        'entropy': instance_entropy,
    }
    results = {}
    for name, term in terms.items():
        pred = torch.from_numpy(arrays['pred']).requires_grad_()
        value = term(pred)
        value.backward()
        results[name] = (value.detach().numpy(), arrays[name], bound)
        results[f'grad_{name}'] = (pred.grad.numpy(), arrays[f'grad_{name}'], bound)
    iou = mask_iou(torch.from_numpy(arrays['pred']), target)
    predicted = torch.from_numpy(arrays['iou_pred']).requires_grad_()
    loss = (predicted[:, 0] - iou).square().sum() / count
    loss.backward()
    results['batch_iou'] = (iou[:, None].numpy(), arrays['batch_iou'], bound)
    results['iou_loss'] = (loss.detach().numpy(), arrays['iou_loss'], bound)
    results['grad_iou_pred'] = (predicted.grad.numpy(), arrays['grad_iou_pred'], bound)
    return results


@handles('co2sam', 'loss_contrast')
def loss_contrast(spec, arrays, folder):
    def loss(count, embedding):
        other = prototypes(
            torch.from_numpy(arrays['emb_y']), torch.from_numpy(arrays['mask_y'][:count, 0])
        )
        own = prototypes(embedding, torch.from_numpy(arrays['mask_x'][:count, 0]))
        return contrast_loss(own, other)

    embedding = torch.from_numpy(arrays['emb_x']).requires_grad_()
    value = loss(len(arrays['mask_x']), embedding)
    value.backward()
    single = loss(1, embedding.detach())
    bound = close(spec)
    return {
        'loss': (value.detach().numpy(), arrays['loss'], bound),
        'grad_emb_x': (embedding.grad.numpy(), arrays['grad_emb_x'], bound),
        'loss_single': (single.numpy(), arrays['loss_single'], Tolerance(atol=bound.atol)),
    }


@handles('co2sam', 'lr_schedule')
def lr_schedule(spec, arrays, folder):
    wrapper = OptimWrapper(torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], **LR))
    schedule = WarmupStepsLR(wrapper, **STEPS)
    rates = []
    for step in arrays['step'].tolist():
        schedule.last_step = step
        rates += schedule._get_value()
    return {'lr_f64': (np.array(rates), arrays['lr_f64'], Tolerance(atol=spec['tolerance']))}


@handles('co2sam', 'ema')
def ema(spec, arrays, folder):
    """Nothing of the method calls the helper; mmengine has one that computes the same."""
    student = torch.nn.Linear(*arrays['student_weight'].shape[::-1])
    with torch.no_grad():
        for name, value in student.named_parameters():
            value.copy_(torch.from_numpy(arrays[f'teacher_{name}']))
    updates, momentum = re.search(
        r'after (\d+) updates with momentum (\d\.\d+)', spec['outputs']['out_*']
    ).groups()
    average = ExponentialMovingAverage(student, momentum=1 - float(momentum))
    with torch.no_grad():
        for name, value in student.named_parameters():
            value.copy_(torch.from_numpy(arrays[f'student_{name}']))
    average.steps += 1  # the first update would copy
    for _ in range(int(updates)):
        average.update_parameters(student)
    bound = Tolerance(atol=spec['tolerance'], of_max=True)
    kept = torch.from_numpy(arrays['teacher_bias'])  # frozen in the student
    return {
        'weight': (average.module.weight.detach().numpy(), arrays['out_weight'], bound),
        'bias': (kept.numpy(), arrays['out_bias'], bound),
    }


def executed_items(text: str) -> list[list[int]]:
    """Boxes of each item in the case's description; an item without is empty."""
    items = []
    for sentence in text.split('. '):
        if 'no box' in sentence:
            items.append([])
        elif found := re.match(r'Iteration \d+: box(?:es)? (.*)', sentence):
            items.append([int(i) for i in re.findall(r'\d+', re.sub(r'\(.*?\)', '', found[1]))])
    return items


@handles('co2sam', 'train_voc', 'train_coco')
def train(spec, arrays, folder):
    weight, terms = re.search(rf'total = {NUMBER}\*focal([^.]*)', spec['notes']).groups()
    weight, voc = float(weight), 'entropy' in terms
    loss = dict(type='Co2SAMLoss', focal_weight=weight, entropy_weight=float(voc))
    model = build(spec, loss=loss).train()
    warmup = int(re.search(r'warm-up shortened to (\d+) steps', spec['notes'])[1])
    wrapper = SkippingOptimWrapper(torch.optim.Adam(model.parameters(), **LR))
    schedule = WarmupStepsLR(wrapper, warmup=warmup, milestones=STEPS['milestones'])
    parameters = lora_parameters(model)
    names = {rename(name, FORMATS['co2sam'].rules): name for name in spec['params']}
    seen = {}

    def watch(loss_value):
        """Gradients as they are before the step."""
        loss_value.backward()
        seen['gradients'] = {name: p.grad.clone() for name, p in parameters.items()}

    wrapper.backward = watch
    items = executed_items(spec['inputs']['boxes'])
    side = model.sam.side
    results, executed = {}, 0
    losses_close = tolerance(spec, 'losses')
    # 'rel 1e-3 of max'
    gradients_close = Tolerance(atol=tolerance(spec, 'gradients').rtol, of_max=True)
    for number, rows in enumerate(items):
        weak = arrays['images_weak'][number]
        views = [as_inputs([weak]), as_inputs([weak & 0xE0])]
        prompts = BoxPrompts(
            arrays['boxes'][rows] / side, np.ones(len(rows)), np.zeros(len(rows)), (side, side)
        )
        sample = SegDataSample(metainfo=dict(img_shape=(side, side), img_id=str(number)))
        sample.prompts = prompts
        data = {'inputs': views, 'data_samples': [sample]}
        rate = wrapper.get_lr()['lr'][0]
        log = model.train_step(data, wrapper)
        if wrapper.last_was_skipped:
            assert not rows and log['without_boxes'] == 1
            continue
        schedule.step()
        order = ('focal', 'dice', 'iou', 'template', 'contrast', 'entropy')
        log = {name: float(torch.as_tensor(value).detach()) for name, value in log.items()}
        values = [log.get(f'loss_{name}', np.nan) for name in order]
        values[0] /= weight
        key = f'losses_{executed}_f64'
        got = np.array([*values, log['loss']])
        # Contrast and entropy of one instance are 0.
        absolute = 0 if len(rows) > 1 else 1e-6
        results[key] = (got, arrays[key], replace(losses_close, atol=absolute))
        results[f'lr_{executed}_f64'] = (rate, arrays[f'lr_{executed}_f64'], Tolerance(atol=1e-12))
        for name, gradient in seen['gradients'].items():
            key = f'grad{executed}:{names[name]}'
            if key in arrays:
                results[key] = (gradient.numpy(), arrays[key], gradients_close)
        executed += 1
    for name, value in parameters.items():
        key = f'final:{names[name]}'
        results[key] = (value.detach().numpy(), arrays[key], tolerance(spec, 'parameters'))
    results |= dict.fromkeys(('losses_i_f64', 'gradi:name', 'final:name', 'lr_i_f64'))
    return results


@handles('co2sam', 'assemble_voc', 'assemble_coco')
def assembly(spec, arrays, folder):
    count = int(re.match(r'(\d+) classes', spec['notes'])[1])
    background, cfg = count - 1, BoxMapCfg(absent_compete=True, drop_unmatched=False)
    results, maps = {}, []
    number = 0
    total = 0
    while f'masks{number}' in arrays:
        masks = torch.from_numpy(arrays[f'masks{number}'])
        classes = [-1 if k == background else int(k) for k in arrays[f'cls{number}']]
        labels = [int(k) for k in arrays[f'labels{number}'] if k != background]
        gt = arrays[f'gt{number}']
        merged = class_maps(
            lambda index, masks=masks: masks[index],
            torch.from_numpy(arrays[f'conf{number}']),
            classes,
            tuple(masks.shape[1:]),
            at_a_time=2,
        )
        for key, allowed in (('pseudo', labels), ('pseudo_nolabel', None)):
            key = f'{key}{number}'
            if key not in arrays:
                continue
            label = assemble(merged, gt.shape, background, allowed, cfg).numpy()
            # Ours has the background first, the release last.
            label = ((label.astype(int) - 1) % count).astype(np.uint8)
            results[key] = (label, arrays[key], tolerance(spec, key))
            if allowed is not None:
                maps.append(np.array_equal(label, arrays[key]))
                total = total + confusion(label, gt, count)
        number += 1
    if all(maps):
        miou = scores_from_confusion(total, absent='present').miou
        results['miou_f64'] = (miou, arrays['miou_f64'], Tolerance(atol=1e-10))
    else:
        results['miou_f64'] = None  # 'compare when the five maps are identical'
    return {**results, 'pseudo': None, 'pseudo_nolabel': None}


@handles('co2sam', 'phrase_to_class')
def phrase_to_class(spec, arrays, folder):
    results = {}
    for key in ('voc', 'coco'):
        names = spec[f'classes_{key}']
        got = [match_phrase(phrase, names, 'first') for phrase in spec['phrases']]
        results[key] = (np.array(got), np.array(spec[key]), EXACT)
        for caption, text in spec['captions'].items():
            which, kind = caption.split('_')
            if which == key:
                own = names if kind == 'all' else [text.removesuffix('.')]
                results[caption] = (make_caption(own), text, EXACT)
    return results


class Wrapper(GroundingDetector):
    """The part of a detector around its network."""

    tokenize = decode = ground = None


@handles('co2sam', 'detector_io')
def detector_io(spec, arrays, folder):
    bound = close(spec)
    pixels = Wrapper(swap_channels=True).pixels(arrays['image']).numpy()
    text = spec['outputs']
    short, long = map(int, numbers(text['net_input_sub'], r'side to (\d+) / long side <= (\d+)'))
    sizes = [input_size(tuple(size), short, long) for size in arrays['sizes_in'].tolist()]
    kept = keep_boxes(
        torch.from_numpy(arrays['pred_logits']),
        torch.from_numpy(arrays['pred_boxes']),
        *numbers(text['keep_*'], rf'> {NUMBER}'),
    )
    height, width = numbers(text['keep_*'], r'an? (\d+)x(\d+) image')
    xyxy = kept.boxes.numpy() * np.array([width, height] * 2, np.float32)
    corners = kept.boxes
    centred = torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
    (least,) = numbers(spec['notes'], rf'sigmoid > {NUMBER}')
    slots = [','.join(map(str, row)) for row in phrase_tokens(kept.tokens, least)]
    return {
        'net_input_sub': (thin(pixels, arrays['net_input_sub']), arrays['net_input_sub'], bound),
        'net_input_stats': in_deviations(pixels, arrays['net_input_stats'], bound.atol),
        'net_input_shape': (np.array(pixels.shape), arrays['net_input_shape'], EXACT),
        'sizes_out': (np.array(sizes), arrays['sizes_out'], EXACT),
        'keep_boxes': (centred.numpy(), arrays['keep_boxes'], bound),
        'keep_conf': (kept.scores.numpy(), arrays['keep_conf'], bound),
        'keep_xyxy': (xyxy, arrays['keep_xyxy'], bound),
        'phrases': (slots, spec['phrases_token_ids'], EXACT),
        'keep_*': None,
    }


@handles('co2sam', 'resize')
def resize(spec, arrays, folder):
    image, bound = arrays['image'], Tolerance(atol=spec['tolerance'])
    results = {}
    for key in spec['outputs']:
        if not (found := re.match(r'(train|val)(\d+)', key)):
            continue
        side = int(found[2])
        size = frame_size(image.shape[:2], side, keep_ratio=found[1] == 'val')
        resized = resize_image(image, size, 'bilinear')
        if key.endswith('_u8_sub'):
            results[key] = (
                thin(resized, arrays[key]),
                arrays[key],
                EXACT,
            )
            key = f'train{side}_sub'
        unit = resized.transpose(2, 0, 1) / 255
        results[key] = (thin(unit, arrays[key]), arrays[key], bound)
    # What the release gets by way of [0, 1] and back is what it was: the detector takes uint8.
    results['roundtrip'] = (np.arange(256, dtype=np.uint8), arrays['roundtrip'], EXACT)
    return results


@handles('co2sam', 'augment_ops')
def augment_ops(spec, arrays, folder):
    image = arrays['image']
    text = spec['outputs']
    alpha, lightness = numbers(text['sharpen'], rf'alpha {NUMBER}, lightness {NUMBER}')
    contrast, brightness = numbers(
        text['brightness_contrast'], rf'alpha {NUMBER}[^,]*, beta {NUMBER}'
    )
    kernel = photometry.sharpening_kernel(alpha, lightness)
    got = {
        'equalize': photometry.equalize(image),
        'sharpen': photometry.convolve(image, kernel),
        'brightness_contrast': photometry.brightness_contrast(image, contrast, brightness),
        'shadow': photometry.shadow(image, [arrays['shadow_vertices']]),
        'flip_0': image[::-1, ::-1],
        'flip_1': image[::-1],
        'flip_2': image[:, ::-1],
    }
    for name in arrays:
        if found := re.fullmatch(r'(posterize|solarize)(\d+)', name):
            got[name] = getattr(photometry, found[1])(image, int(found[2]))
    results = {name: (value, arrays[name], tolerance(spec, name)) for name, value in got.items()}
    results['sharpen_kernel'] = (kernel, arrays['sharpen_kernel'], Tolerance(atol=1e-6))
    return {**results, **dict.fromkeys(k for k in arrays if k.startswith('pipe_'))}
