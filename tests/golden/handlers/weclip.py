"""WeCLIP: tokens, decoder, online labels, losses, training steps, test."""

import re
from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.config import read_config
from mmwsss.datasets.tags import read_tag_masks
from mmwsss.models import (
    CLIP,
    BalancedCrossEntropyLoss,
    FixedPrompts,
    TokenAffinityLoss,
    WeCLIP,
)
from mmwsss.models.clip.sizes import CLIPSizes
from mmwsss.models.conversion import FORMATS
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.losses.token_affinity import near_pairs
from mmwsss.models.one_stage.phase_trigger import PhaseTrigger
from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    chosen_blocks,
    merge_attention,
    merge_chosen,
)
from mmwsss.ops.dense_crf import DenseCRF, softmax_unary
from mmwsss.ops.grad_cam import present_softmax
from mmwsss.ops.par import par
from mmwsss.ops.refined_label import refined_label, refined_scores
from mmwsss.ops.token_affinity import token_affinity
from mmwsss.registry import PARAM_SCHEDULERS, TRANSFORMS
from mmwsss.stores.mask_store import voc_palette
from tests.golden import fill
from tests.golden.handlers import handles, thin
from tests.golden.handlers.fma import CONFIGS, out, statistics
from tests.golden.tolerance import EXACT, tolerance

KEPT: dict = {}


def shipped(data, method='weclip', size='vit-b16') -> Config:
    return read_config(CONFIGS / f'{method}/{method.replace("_", "-")}_{size}_{data}.py')


def case_state(spec):
    """The reference checkpoint of a case."""
    state = {n: torch.from_numpy(fill.value(n, s, spec['salt'])) for n, s in spec['params'].items()}
    for name, value in spec['param_overrides'].items():
        state[name] = torch.tensor(value, dtype=torch.float32)
    return state


def case_clip(spec, state) -> CLIP:
    """The CLIP of a case; random where the case names no weights."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    clip = CLIP(arch=CLIPSizes(**spec['config']['clip']))
    own = {k.removeprefix('encoder.'): v for k, v in state.items() if k.startswith('encoder.')}
    if own:
        clip.load_state_dict({**clip.module.state_dict(), **own})
    return clip


def case_model(spec, kind=WeCLIP, method='weclip', **options):
    """A model with the case's numbers and, for the rest, those of our config."""
    config, state = spec['config'], case_state(spec)
    model = dict(shipped(config['data'], method).model)
    model.pop('type')
    caa = dict(model['caa'])
    if 'threshold' in config:
        caa['threshold'] = config['threshold']
    if 'radius' in config:
        model['loss_affinity'] = dict(type='TokenAffinityLoss', radius=config['radius'])
    if 'last_blocks' in config and config.get('phase', 2) == 2:
        model['choose'] = config['last_blocks']
    clip = case_clip(spec, state)
    model |= dict(
        clip=clip,
        prompts=FixedPrompts(model['prompts']['names'], model['prompts']['background']),
        caa=caa,
        num_classes=config['num_classes'] - 1,
        channels=config['embedding_dim'],
        layers=config['decoder_layers'],
        heads=config['decoder_heads'],
        dropout=config['dropout'],
    )
    if kind is not WeCLIP:
        model.pop('phase2', None)
    built = kind(**{**model, **options})
    source = FORMATS[method]
    own = {
        rename(name, source.rules): value
        for name, value in state.items()
        if not re.fullmatch(source.dropped, name)
    }
    built.load_state_dict(own)
    return built


def multi_hot(lists, classes):
    tags = torch.zeros(len(lists), classes)
    for row, own in zip(tags, lists, strict=True):
        row[own] = 1
    return tags


def mask_tags(masks, tmp, classes=255):
    """Tags of masks by the reader of data sets."""
    from PIL import Image

    for index, mask in enumerate(masks):
        image = Image.fromarray(mask)
        image.putpalette(voc_palette().reshape(-1).tolist())
        image.save(tmp / f'{index}.png')
    names = [str(index) for index in range(len(masks))]
    table = read_tag_masks(tmp, names, min(classes, 80))
    return [table[name] for name in names]


def case_tags(spec, arrays):
    """Tags of the case, which are those of its masks."""
    import tempfile
    from pathlib import Path

    lists = spec['config']['tags']
    masks = [arrays[f'in_mask{i}'] for i in range(len(lists)) if f'in_mask{i}' in arrays]
    if masks:
        with tempfile.TemporaryDirectory() as folder:
            assert mask_tags(masks, Path(folder)) == [sorted(own) for own in lists]
    return multi_hot(lists, spec['config']['num_classes'] - 1)


@handles('weclip', 'tokens*')
def tokens(spec, arrays, folder):
    clip = case_clip(spec, case_state(spec))
    layers = clip.sizes.vision_layers
    image = clip.encode(torch.from_numpy(arrays['in_image']), layers, keep_blocks=True)
    blocks, attention = torch.stack(image.blocks), torch.stack(image.attention)
    found = dict(
        tokens_sub=blocks[:, :, ::4, ::8],
        tokens_stats=np.stack([statistics(x) for x in blocks]),
        attention_sub=attention[:, :, ::2, ::3],
        attention_stats=np.stack([statistics(x) for x in attention]),
    )
    return {n: (np.asarray(v), out(arrays, n), tolerance(spec)) for n, v in found.items()}


def gradients(spec, arrays, model, method='weclip'):
    """Norms and first values of the gradients, by the reference's names."""
    results, source = {}, FORMATS[method]
    ours = dict(model.named_parameters())
    for name in (name[4:] for name in arrays if name.startswith(('out_gradnorm', 'out_gradhead'))):
        kind, _, parameter = name.partition('_')
        gradient = ours[rename(parameter, source.rules)].grad
        flat = gradient.flatten()
        expected = out(arrays, name)
        got = flat.norm()[None] if kind == 'gradnorm' else flat[: len(expected)]
        results[name] = (got.numpy(), expected, tolerance(spec, kind))
    return results


@handles('weclip', 'decoder*')
def decoder(spec, arrays, folder):
    model = case_model(spec).train()
    maps = torch.from_numpy(arrays['in_tokens'])
    grid = tuple(maps.shape[-2:])
    fused = model.fusion([x.flatten(2).transpose(1, 2) for x in maps], grid)
    logits, affinity = model.decoder(fused), token_affinity(fused)
    weights = (torch.from_numpy(arrays[f'in_{k}_weight']) for k in ('logits', 'affinity'))
    objective = sum((x * w).sum() for x, w in zip((logits, affinity), weights, strict=True))
    objective.backward()
    found = dict(fused=fused, logits=logits, affinity=affinity)
    results = {
        name: (value.detach().numpy(), out(arrays, name), tolerance(spec, name))
        for name, value in found.items()
    }
    return results | gradients(spec, arrays, model)


@handles('weclip', 'attention_choice*')
def attention_choice(spec, arrays, folder):
    attention = torch.from_numpy(arrays['in_attention'])
    learnt = torch.from_numpy(arrays['in_affinity'])
    results = {}
    for data in ('voc', 'coco'):
        config = shipped(data).model
        caa, last = AttentionAffinity(**config.caa), attention[-config.choose :]
        average = merge_chosen(last)
        results |= {
            f'chosen_{data}': chosen_blocks(last).long(),
            f'average_{data}': average,
            f'walk_{data}': caa.walk(average * learnt),
        }
    results['walk_first'] = caa.walk(merge_attention(attention[-caa.layers :], half=False))
    return {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name.partition('_')[0]))
        for name, value in results.items()
    }


def forward_results(spec, arrays, model, method='weclip'):
    """From crops to labels: results by the cases' names."""
    x, tags = torch.from_numpy(arrays['in_image']), case_tags(spec, arrays)
    phase2 = spec['config'].get('phase', 2) == 2
    with torch.no_grad():
        seen = model.segment(x, model.seeder.choose if phase2 else model.seeder.layers)
        image, seeder = model.cam_tokens(seen.image), model.seeder
        features, attention = seeder.clip.describe(image)
        raw = seeder.grad_cam(image, tags)
        affinity = token_affinity(seen.features)
        weights = model.weights(seen, tags)
        lows = model.class_scores(seen, tags, phase2)
        label = model.labels(x, seen, tags, phase2)
        counts = [len(own) for own in spec['config']['tags']]
        # The case's order of the tags: ours, which is ascending, where they are of masks.
        given = spec['config']['tags']
        given = [sorted(own) for own in given] if 'in_mask0' in arrays else given
        order = []
        for own, start in zip(given, np.cumsum([0, *counts]), strict=False):
            order += [start + sorted(own).index(tag) for tag in own]
        refined = torch.cat(
            [
                seeder.spread(
                    cam,
                    attention[i],
                    affinity[i] if phase2 else None,
                    None if weights is None else weights[i][tags[i] > 0],
                )
                for i, cam in enumerate(raw.split(counts))
            ]
        )
        first = order[: counts[0]]
        prompts = len(seeder.prompts)
        columns = [*given[0], *range(model.num_classes, prompts)]
        mask = torch.zeros(1, prompts)
        mask[0, columns] = 1
        probability = present_softmax(seeder.logits(features[:1]), mask)[0, columns]
        score = F.interpolate(lows[0][first][None], x.shape[-2:], mode='bilinear')[0]
        par0 = refined_scores(x[0], lows[0], model.par_iterations)[[0, *(1 + i for i in first)]]
    found = dict(
        affinity_sub=thin(affinity, out(arrays, 'affinity_sub')),
        probability0=probability,
        cam=seeder.caa.score(raw)[order],
        refined=refined[order],
        score0=thin(score, out(arrays, 'score0')),
        par0=thin(par0, out(arrays, 'par0')),
        label=label,
    )
    return seen, {
        name: (np.asarray(value), out(arrays, name), tolerance(spec, re.match('[a-z]+', name)[0]))
        for name, value in found.items()
    }


@handles('weclip', 'forward_*')
def forward(spec, arrays, folder):
    seen, results = forward_results(spec, arrays, case_model(spec).train())
    close = tolerance(spec, 'logits')
    return results | {'logits': (seen.logits.numpy(), out(arrays, 'logits'), close)}


@handles('weclip', 'par_label*')
def par_label(spec, arrays, folder):
    config = spec['config']
    options = dict(
        iterations=config['iterations'],
        dilations=config['dilations'],
        sharpness=config['w1'],
        position=config['w2'],
    )
    image, scores = (torch.from_numpy(arrays[f'in_{k}'])[None] for k in ('image', 'scores'))
    refined = par(image, scores, **options)[0]
    keys = torch.from_numpy(arrays['in_keys'])
    small = scores[..., ::2, ::2]
    shrunk = F.interpolate(image, small.shape[-2:], mode='bilinear', align_corners=True)
    found = dict(
        refined=refined[:, ::2, ::2],
        label=refined_label(refined, keys[1:] - 1),
        refined_small=par(shrunk, small, **options)[0],
    )
    assert keys[0] == 0
    bounds = dict(label=tolerance(spec, 'label'))
    return {
        name: (value.numpy(), out(arrays, name), bounds.get(name) or tolerance(spec, 'refined'))
        for name, value in found.items()
    }


@handles('weclip', 'seg_loss*')
def seg_loss(spec, arrays, folder):
    loss, results = BalancedCrossEntropyLoss(), {}
    for name in (name[9:] for name in arrays if name.startswith('in_label_')):
        logits = torch.from_numpy(arrays['in_logits']).requires_grad_()
        value = loss(logits, torch.from_numpy(arrays[f'in_label_{name}']))
        value.backward()
        results |= {
            f'loss_{name}': (value.detach(), out(arrays, f'loss_{name}'), tolerance(spec, 'loss')),
            f'grad_{name}': (logits.grad, out(arrays, f'grad_{name}'), tolerance(spec, 'grad')),
        }
    return {k: (np.asarray(got), want, close) for k, (got, want, close) in results.items()}


@handles('weclip', 'affinity_loss*')
def affinity_loss(spec, arrays, folder):
    config = spec['config']
    grid, loss = (config['h'], config['w']), TokenAffinityLoss(radius=config['radius'])
    near = near_pairs(grid, config['radius']).to(torch.uint8)
    results = {'mask': (near.numpy(), out(arrays, 'mask'), EXACT)}
    for name in (name[9:] for name in arrays if name.startswith('in_label_')):
        logits = torch.from_numpy(arrays['in_logits']).requires_grad_()
        label = torch.from_numpy(arrays[f'in_label_{name}'])
        target = loss.targets(label, grid)
        value = loss(logits.sigmoid(), label, grid)
        value.backward()
        counts = torch.stack([(target == 1).sum(), (target == 0).sum()]) + 1
        found = dict(target=target, counts=counts, loss=value.detach(), grad=logits.grad)
        bounds = dict(target=EXACT, counts=EXACT)
        for key, got in found.items():
            close = bounds.get(key) or tolerance(spec, key)
            results[f'{key}_{name}'] = (got.numpy(), out(arrays, f'{key}_{name}'), close)
    return results


def steps_of(optimizer, schedulers, wanted):
    """Learning rates of some steps."""
    rates = {}
    optimizer.step()  # without gradients: the schedules ask for one alone
    for step in range(max(wanted) + 1):
        if step:
            for scheduler in schedulers:
                scheduler.step()
        rates[step] = optimizer.param_groups[0]['lr']
    return rates


def build_schedule(cfg, parameters, **changes):
    options = {**cfg.optim_wrapper.optimizer, **changes}
    assert options.pop('type') == 'AdamW'
    optimizer = torch.optim.AdamW(parameters, **options)
    return optimizer, [
        PARAM_SCHEDULERS.build(dict(one, optimizer=optimizer)) for one in cfg.param_scheduler
    ]


def schedule_results(spec, arrays, method):
    results, config = {}, spec['config']
    for data in ('voc', 'coco'):
        if f'out_{data}_lr' not in arrays:
            continue
        cfg = shipped(data, method)
        (one,) = cfg.param_scheduler
        one.end = config[data]
        one.warmup = config.get('warmup', one.warmup)
        one.warmup_ratio = config.get('ratio', one.warmup_ratio)
        one.power = config.get('power', one.power)
        base = dict(lr=config['base']) if 'base' in config else {}
        optimizer, schedulers = build_schedule(cfg, [nn.Parameter(torch.zeros(1))], **base)
        wanted = arrays[f'out_{data}_step'].tolist()
        rates = steps_of(optimizer, schedulers, wanted)
        got = np.array([rates[step] for step in wanted], np.float32)
        results[f'{data}_lr'] = (got, out(arrays, f'{data}_lr'), tolerance(spec, 'lr'))
        results[f'{data}_step'] = None
    return results


@handles('weclip', 'lr_schedule*')
def lr_schedule(spec, arrays, folder):
    return schedule_results(spec, arrays, 'weclip')


@handles('weclip', 'augment*')
def augment(spec, arrays, folder):
    from mmwsss.models import WSSSDataPreprocessor

    pipeline = [
        dict(step)
        for step in shipped('voc').train_dataloader.dataset.pipeline
        if step.type in ('RandomScale', 'RandomFlip', 'RandomCropPad')
    ]
    pipeline[-1]['size'] = spec['config']['crop']
    results = {}
    for index, draw in enumerate(spec['config']['draws']):
        image = arrays[f'in_image{index}']
        scale, flip, crop = map(TRANSFORMS.build, pipeline)
        share = (draw['scale'] - scale.low) / (scale.high - scale.low)
        sample = dict(img=image)
        with mock.patch('random.random', return_value=share):
            sample = scale(sample)
        assert list(sample['img'].shape[:2]) == draw['size']
        with mock.patch('torch.rand', return_value=torch.tensor([0.0 if draw['flip'] else 1.0])):
            sample = flip(sample)
        # Where the picture is smaller than the crop its place is drawn, else that of the crop.
        offsets = [
            draw[f'pad_{side}']
            if draw['size'][axis] < spec['config']['crop']
            else draw[f'crop_{side}']
            for axis, side in ((1, 'left'), (0, 'top'))
        ]
        with mock.patch('random.randrange', side_effect=offsets):
            sample = crop(sample)
        top, left, bottom, right = sample['picture_box']
        # The released box, which nothing reads, counts its ends from the canvas.
        bottom, right = bottom + draw['crop_top'], right + draw['crop_left']
        data = TRANSFORMS.build(dict(type='PackTagged'))(sample)
        prepared = WSSSDataPreprocessor()(
            dict(inputs=[data['inputs']], data_samples=[data['data_samples']]), True
        )
        results |= {
            f'input{index}': (
                prepared['inputs'][0, :, ::2, ::2].numpy(),
                out(arrays, f'input{index}'),
                tolerance(spec, 'input'),
            ),
            f'box{index}': (
                np.array([top, bottom, left, right]),
                out(arrays, f'box{index}'),
                EXACT,
            ),
        }
    return results


@handles('weclip', 'phase_trigger*')
def phase_trigger(spec, arrays, folder):
    config, results = spec['config'], {}
    for data, images in (('voc', config['validation_images']), ('coco', 0)):
        trigger = PhaseTrigger(config[f'threshold_{data}'], 'forwards')
        wanted, found = arrays[f'in_{data}_iteration'].tolist(), {}
        for iteration in range(1, max(wanted) + 1):
            trigger.saw_forward()
            found[iteration] = trigger()
            if iteration % config['validate_every'] == 0:
                for _ in range(images):
                    trigger.saw_forward()
        got = np.array([found[iteration] for iteration in wanted])
        results[data] = (got, out(arrays, data), tolerance(spec))
    return results


@handles('weclip', 'tags*')
def tags(spec, arrays, folder):
    import tempfile
    from pathlib import Path

    names = [name for name in arrays if name.startswith('in_')]
    with tempfile.TemporaryDirectory() as tmp:
        found = mask_tags([arrays[name] for name in names], Path(tmp))
    return {
        (key := name.replace('in_mask', 'tags')): (np.array(own), out(arrays, key), EXACT)
        for name, own in zip(names, found, strict=True)
    }


def step_results(spec, arrays, model, losses, method='weclip'):
    """Gradients and parameters after one update."""
    config, source = spec['config'], FORMATS[method]
    cfg = shipped(config['data'], method)
    frozen = {k: v.clone() for k, v in model.seeder.clip.module.state_dict().items()}
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    (one,) = cfg.param_scheduler
    one.end = config['max_iters']
    one.warmup = config.get('warmup', one.warmup)
    parameters = [nn.Parameter(torch.zeros(1))]
    optimizer, schedulers = build_schedule(cfg, parameters, lr=config['lr'])
    rate = steps_of(optimizer, schedulers, [config['step']])[config['step']]
    optimizer, _ = build_schedule(cfg, model.parameters(), lr=rate)
    for group in optimizer.param_groups:
        group['lr'] = rate
    optimizer.step()
    assert all(torch.equal(v, frozen[k]) for k, v in model.seeder.clip.module.state_dict().items())
    results = gradients(spec, arrays, model, method)
    after = dict(model.named_parameters())
    for name in (name[4:] for name in arrays if name.startswith('out_delta_')):
        ours = rename(name.removeprefix('delta_'), source.rules)
        expected = out(arrays, name)
        got = (after[ours].detach() - before[ours]).flatten()[: len(expected)].numpy()
        head = np.abs(out(arrays, name.replace('delta', 'gradhead')))
        stable = head > 1e-3 * head.max()  # as the notes say
        results[name] = (got[stable], expected[stable], tolerance(spec, 'delta'))
    return results


@handles('weclip', 'train_step_*')
def train_step(spec, arrays, folder):
    model = case_model(spec).train()
    model.phase2 = PhaseTrigger(0 if spec['config']['phase'] == 2 else 10**9)
    x, tags = torch.from_numpy(arrays['in_image']), case_tags(spec, arrays)
    samples = []
    for own in tags:
        samples.append(SegDataSample())
        samples[-1].gt_label = own
    losses = model.loss(x, samples)
    seen = model.segment(x, model.seeder.choose or 1)
    phase2 = spec['config']['phase'] == 2
    with torch.no_grad():
        seen = model.segment(x, model.seeder.choose if phase2 else model.seeder.layers)
        label = model.labels(x, seen, tags, phase2)
    affinity = losses['loss_affinity'] / model.affinity_weight
    results = {
        'loss_seg': (losses['loss_seg'], tolerance(spec, 'loss')),
        'loss_aff': (affinity, tolerance(spec, 'loss')),
        'loss': (sum(losses.values()), tolerance(spec, 'loss')),
        'label': (label, tolerance(spec, 'label')),
    }
    results = {
        name: (value.detach().numpy(), out(arrays, name), close)
        for name, (value, close) in results.items()
    }
    return results | step_results(spec, arrays, model, losses)


def infer_results(spec, arrays, model):
    """Scales and mirrored views of a photo: results by the cases' names."""
    config = spec['config']
    photo = torch.from_numpy(arrays['in_image'])
    x = model.test_cfg.view(photo[None])
    results, views = {}, []
    with torch.no_grad():
        for number, scale in enumerate(config['scales'], 1):
            view = x if scale == 1 else F.interpolate(x, scale_factor=scale, mode='bilinear')
            logits = model.segment(torch.cat([view, view.flip(-1)])).logits
            views.append(logits)
            results |= {f'size{number}': np.array(view.shape[-2:]), f'logits{number}': logits}
            if f'out_input{number}_sub' in arrays:
                results[f'input{number}_sub'] = thin(view[0], out(arrays, f'input{number}_sub'))
        results['single'], results['merged'] = (
            views[0][:1],
            model.merged(photo[None], photo.shape[-2:]),
        )
        sample = SegDataSample(metainfo=dict(ori_shape=photo.shape[-2:]))
        model.keep_segmentation(sample, photo, views[0][:1], crf=False)
        results['label_single'] = sample.pred_sem_seg.data[0]
        model.predict([photo], [sample])
        results['label'] = sample.pred_sem_seg.data[0]
    return {
        name: (np.asarray(value), out(arrays, name), tolerance(spec, re.match('[a-z]+', name)[0]))
        for name, value in results.items()
        if f'out_{name}' in arrays
    }


def infer_cfg(spec):
    config = spec['config']
    return dict(long_side=config['resize_long'], scales=config['scales'], flip=True)


@handles('weclip', 'infer_ms_flip*')
def infer_ms_flip(spec, arrays, folder):
    return infer_results(spec, arrays, case_model(spec, test_cfg=infer_cfg(spec)).eval())


@handles('weclip', 'crf_test*')
def crf_test(spec, arrays, folder):
    cfg = read_config(CONFIGS / 'weclip/weclip_vit-b16-crf_voc.py').model.test_cfg
    photo, logits = arrays['in_image'], torch.from_numpy(arrays['in_logits'])
    full = F.interpolate(logits, photo.shape[:2], mode='bilinear')[0]
    crf = DenseCRF(photo, len(full), dict(cfg.crf))
    q = crf(softmax_unary(full.softmax(0).numpy()))
    agreement = tolerance(spec, 'label')
    close = tolerance(spec, 'q')
    return {
        'q_sub': (q[:, ::3, ::3], out(arrays, 'q_sub'), close),
        'label': (q.argmax(0), out(arrays, 'label'), agreement),
    }
