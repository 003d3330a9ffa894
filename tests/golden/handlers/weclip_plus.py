"""WeCLIP+: both encoders, losses, late labels, training steps, test."""

import re

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from torch import nn

from mmwsss.models import BatchDiceLoss, WeCLIPPlus
from mmwsss.models.one_stage.second_encoder import SecondEncoder
from mmwsss.models.one_stage.segmented import Segmented
from tests.golden.handlers import handles
from tests.golden.handlers.fma import out
from tests.golden.handlers.weclip import (
    case_model,
    case_state,
    case_tags,
    forward_results,
    infer_cfg,
    infer_results,
    multi_hot,
    schedule_results,
    shipped,
    step_results,
)
from tests.golden.tolerance import EXACT, tolerance


class StandIn(nn.Module):
    """The case's second network: patches and a layer norm without parameters."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        x = self.patch(x)
        return F.layer_norm(x.movedim(1, -1), x.shape[1:2], eps=1e-6).movedim(-1, 1)


def case_second(spec) -> SecondEncoder:
    state = case_state(spec)
    name = 'dino_encoder.patch.weight'
    width, patch = state[name].shape[0], state[name].shape[-1]
    network = StandIn(width, patch)
    own = {k: v for k, v in state.items() if k.startswith('dino_encoder.')}
    network.load_state_dict({k.removeprefix('dino_encoder.'): v for k, v in own.items()})
    return SecondEncoder(network, channels=width, patch=patch)


def case_plus(spec, **options) -> WeCLIPPlus:
    config = spec['config']
    model = shipped(config['data'], *METHOD).model
    caa = dict(model.caa)
    if 'boxes' in config:
        caa['threshold'] = config['boxes']
    options = dict(caa=caa, second=case_second(spec)) | options
    if 'cam_block' in config:
        options |= dict(cam_block=config['cam_block'], scale_divisor=config['scale_divisor'])
    return case_model(spec, WeCLIPPlus, 'weclip_plus', **options)


METHOD = ('weclip_plus',)


@handles('weclip_plus', 'forward_*')
def forward(spec, arrays, folder):
    model = case_plus(spec).train()
    seen, results = forward_results(spec, arrays, model, 'weclip_plus')
    x = torch.from_numpy(arrays['in_image'])
    with torch.no_grad():
        maps = model.second(x)
        tokens = [maps.flatten(2).transpose(1, 2)]
        own = model.second_fusion(tokens, tuple(maps.shape[-2:]))
    channels = model.decoder.classifier.in_channels
    found = dict(
        fused_clip=seen.features[:, :channels],
        fused_dino=own,
        logits_clip=seen.by_encoder[0],
        logits_dino=seen.by_encoder[1],
    )
    return results | {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name.partition('_')[0]))
        for name, value in found.items()
    }


def at_iteration(number: int):
    """Let the running training iteration be this one, from 1."""
    MessageHub.get_current_instance().update_info('iter', number - 1)


OURS = {
    'seg': ('loss_seg', None),
    'dice': ('loss_dice', None),
    'affinity': ('loss_affinity', 'affinity_weight'),
    'clip': ('loss_clip', 'mutual_weight'),
    'dino': ('loss_second', 'mutual_weight'),
}


def named(losses, model):
    """Losses by the case's names, without their weights."""
    found = {'total': sum(losses.values())}
    for name, (ours, weight) in OURS.items():
        found[name] = losses[ours] / (getattr(model, weight) if weight else 1)
    return found


@handles('weclip_plus', 'losses*')
def losses(spec, arrays, folder):
    config, results = spec['config'], {}
    shape = arrays['in_logits_clip'].shape
    label = torch.from_numpy(arrays['in_label']).long()
    tags = multi_hot([[] for _ in label], shape[1] - 1)
    weights = config['weights']
    assert weights['seg'] == weights['dice'] == 1
    model = bare(
        confidence=config['confidence'],
        affinity_weight=weights['affinity'],
        mutual_weight=weights['mutual'],
        loss_affinity=dict(type='TokenAffinityLoss', radius=config['radius']),
    )
    for when, iteration in (('early', 1), ('late', model.late_after + 1)):
        at_iteration(iteration)
        inputs = {
            name: torch.from_numpy(arrays[f'in_{key}']).requires_grad_()
            for name, key in (
                ('clip', 'logits_clip'),
                ('dino', 'logits_dino'),
                ('affinity', 'affinity'),
            )
        }
        # Only the affinity of the features is needed: the case gives it before its sigmoid.
        seen = Segmented(_Grid(shape[-2:]), None, None, (inputs['clip'], inputs['dino']))
        found = with_affinity(model, inputs['affinity'].sigmoid(), seen, label, tags)
        terms = named(found, model)
        terms['total'].backward()
        mean = F.interpolate(
            (inputs['clip'] + inputs['dino']) / 2, label.shape[-2:], mode='bilinear'
        )
        results[f'label_{when}'] = model.late_label(mean.detach(), label, tags)
        results |= {f'loss_{name}_{when}': value.detach() for name, value in terms.items()}
        results |= {f'grad_{name}_{when}': value.grad for name, value in inputs.items()}
    at_iteration(1)
    return {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name.partition('_')[0]))
        for name, value in results.items()
    }


class _Grid:
    def __init__(self, grid):
        self.grid = tuple(grid)


def with_affinity(model, affinity, seen, label, tags):
    from unittest import mock

    with mock.patch.object(model, 'affinity', return_value=affinity):
        return model.losses(seen, label, tags)


def bare(**options) -> WeCLIPPlus:
    """A model of which only the losses are called."""
    from tests.test_models.test_one_stage.test_weclip_plus import build

    defaults = shipped('voc', *METHOD).model
    return build(late_after=defaults.late_after, **options)


@handles('weclip_plus', 'dice*')
def dice(spec, arrays, folder):
    results = {}
    for name in (name[9:] for name in arrays if name.startswith('in_label_')):
        logits = torch.from_numpy(arrays['in_logits']).requires_grad_()
        loss = BatchDiceLoss()(logits, torch.from_numpy(arrays[f'in_label_{name}']))
        loss.backward()
        results |= {
            f'loss_{name}': (loss.detach().numpy(), out(arrays, f'loss_{name}'), 'loss'),
            f'grad_{name}': (logits.grad.numpy(), out(arrays, f'grad_{name}'), 'grad'),
        }
    return {k: (got, want, tolerance(spec, clause)) for k, (got, want, clause) in results.items()}


@handles('weclip_plus', 'train_step_*')
def train_step(spec, arrays, folder):
    config = spec['config']
    model = case_plus(spec).train()
    x, tags = torch.from_numpy(arrays['in_image']), case_tags(spec, arrays)
    at_iteration(model.late_after + 1 if config['late'] else 1)
    seen = model.segment(x, model.seeder.choose)
    seeds = model.labels(x, seen, tags, True)
    found = model.losses(seen, seeds, tags)
    mean = F.interpolate(seen.logits.detach(), x.shape[-2:], mode='bilinear')
    results = {'seeds': seeds, 'label': model.late_label(mean, seeds, tags)}
    results |= {f'loss_{name}': value.detach() for name, value in named(found, model).items()}
    at_iteration(1)
    results = {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name.partition('_')[0]))
        for name, value in results.items()
    }
    return results | step_results(spec, arrays, model, found, 'weclip_plus')


@handles('weclip_plus', 'lr_schedule*')
def lr_schedule(spec, arrays, folder):
    return schedule_results(spec, arrays, 'weclip_plus')


@handles('weclip_plus', 'grids*')
def grids(spec, arrays, folder):
    model = shipped('voc', *METHOD).model
    encoder = SecondEncoder(nn.Identity(), channels=1, patch=model.second.patch)
    sizes = spec['config']['sizes']
    inputs = np.array([encoder.size(tuple(size)) for size in sizes])
    found = dict(
        clip_grid=np.array(sizes) // 16,
        dino_size=inputs,
        dino_grid=inputs // encoder.patch,
    )
    for data in ('voc', 'coco'):
        plus, late = bare(), []
        plus.late_after = shipped(data, *METHOD).model.late_after
        logits, label = torch.tensor([9.0, 0, 0, 0])[None, :, None, None], torch.ones(1, 1, 1)
        for iteration in arrays['in_iteration'].tolist():
            at_iteration(iteration)
            replaced = plus.late_label(logits, label.long(), torch.zeros(1, 3))
            late.append(bool(replaced.item() == 0))
        found[f'late_{data}'] = np.array(late)
    at_iteration(1)
    return {name: (value, out(arrays, name), EXACT) for name, value in found.items()}


@handles('weclip_plus', 'infer_ms_flip*')
def infer_ms_flip(spec, arrays, folder):
    model = case_plus(spec, test_cfg=infer_cfg(spec)).eval()
    results = infer_results(spec, arrays, model)
    photo = torch.from_numpy(arrays['in_image'])
    x = model.test_cfg.view(photo[None])
    for number, scale in enumerate(spec['config']['scales'], 1):
        view = x if scale == 1 else F.interpolate(x, scale_factor=scale, mode='bilinear')
        with torch.no_grad():
            both = model.segment(torch.cat([view, view.flip(-1)])).by_encoder
        for name, logits in zip(('clip', 'dino'), both, strict=True):
            key = f'logits_{name}{number}_sub'
            results[key] = (
                logits[:, ::3].numpy(),
                out(arrays, key),
                tolerance(spec, re.match('[a-z]+', key)[0]),
            )
    return results
