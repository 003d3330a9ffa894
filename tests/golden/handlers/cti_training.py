"""Training of CTI: its losses, its memory, one whole update, and its optimiser."""

import re
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmseg.structures import SegDataSample

from mmwsss.models import CTI, ClassMemory, ClassTokenViT, PatchCAMHead
from mmwsss.models.cam_generators.cti import CTIPasses
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.ops.max_norm import max_normalize
from mmwsss.registry import PARAM_SCHEDULERS
from tests.golden.handlers import handles
from tests.golden.handlers.cti import RULES, build, config_of, restore
from tests.golden.tolerance import EXACT, Tolerance, tolerance


def fill_memory(memory: ClassMemory, spec: dict, text: str) -> None:
    """What the case says that is in the memory, e.g. '30 per class: RandomState(43).randn(...)'."""
    if found := re.search(r'(\d+) (?:entries )?per class.*RandomState\((\d+)\)', text):
        number, seed = map(int, found.groups())
        classes, _, dims = memory.tokens.shape
        values = np.random.RandomState(seed).randn(classes, number, dims).astype(np.float32)
        memory.tokens[:, :number] = torch.from_numpy(values)
        memory.seen.fill_(number)
    else:
        assert text.startswith('empty'), text


def preset(arrays: dict) -> dict:
    """The case's inputs as leaves."""
    return {
        name[3:]: torch.from_numpy(value).requires_grad_(name != 'in_label')
        for name, value in arrays.items()
        if name.startswith('in_')
    }


def stub(classes: int, dims: int) -> CTI:
    """Losses and memory of the published config, on a network that nobody runs."""
    cfg = config_of(classes).model
    arch = dict(embed_dims=dims, num_layers=5, num_heads=1, feedforward_channels=1)
    options = {
        name: cfg[name]
        for name in ('loss_bg', 'loss_intra', 'loss_cross', 'infuse_begin', 'infuse_block')
        if name in cfg
    }
    backbone = ClassTokenViT(num_classes=classes, arch=arch, tokenizer_channels=1)
    head = PatchCAMHead(in_channels=dims, num_classes=classes)
    return CTI(backbone, head, bg_class_blocks=1, **options)


@handles('cti', 'loss_*')
def losses_of_preset_outputs(spec, arrays, folder):
    given = preset(arrays)
    label = given['label']
    model = stub(label.shape[1], given['img_ctk3'].shape[-1])
    fill_memory(model.memory, spec, spec['inputs']['memory'])
    epoch = int(re.search(r'epoch index (\d+)', spec['notes'])[1])
    scores = tuple(given[f'{view}_{kind}'] for view in ('img', 'pos') for kind in ('cls', 'pcls'))
    cams = given['img_x_patch'].relu()
    passes = CTIPasses(scores, cams)
    got, every = {}, {}
    if epoch >= model.infuse_begin:
        own = given['img_ctk3'][:, 1:].detach()
        model.memory.update(own, label)
        got['cross_tokens'] = model.memory.recall(own, label)
        crossed = given['cross_x_patch'].relu() * given['cross_mtatt_as']
        passes = passes._replace(
            class_attention=given['img_mtatt'],
            patch_attention=given['img_attn'],
            intra_cams=given['intra_x_patch'].relu(),
        )
        # The release computes the loss too where it is no part of the total.
        every = model.losses(passes._replace(cross_maps=crossed), label)
        if model.memory.ready:
            passes = passes._replace(cross_maps=crossed)
        refined = model.loss_bg.refined(cams, given['img_mtatt'], given['img_attn'], label)
        for place, name in enumerate(('rcams_fg_up', 'rcams_bg_up')):
            size = arrays[f'out_{name}'].shape[-2:]
            up = F.interpolate(max_normalize(refined[:, place : place + 1]), size, mode='bilinear')
            got[name] = up
    losses = model.losses(passes, label)
    total = sum(losses.values())
    total.backward()
    got |= loss_outputs(losses | every, total)
    got['loss_cls'] = got['loss_cls_terms'].sum()
    got['memory_len'], got['memory_mean'] = model.memory.counts, model.memory.means()
    for name in arrays:
        if name.startswith('out_grad_'):
            got[name[4:]] = given[name.removeprefix('out_grad_')].grad
    results = {}
    for name in (name[4:] for name in arrays if name.startswith('out_')):
        if name not in got:  # maps that are only looked at, where the losses are off
            assert name.startswith('rcams') and epoch < model.infuse_begin
            results[name] = None
            continue
        value = np.asarray(got[name].detach()).reshape(arrays[f'out_{name}'].shape)
        results[name] = (value, arrays[f'out_{name}'], tolerance(spec, name))
    for name, leaf in given.items():
        if f'out_grad_{name}' not in arrays and name != 'label':
            results[f'no gradient of {name}'] = (leaf.grad is None, True, EXACT)
    return results


def loss_outputs(losses: dict, total) -> dict:
    names = ('loss_cls', 'loss_patch', 'loss_cls_strong', 'loss_patch_strong')
    got = dict(loss_cls_terms=torch.stack([losses[name] for name in names]))
    for name in ('loss_bg', 'loss_intra', 'loss_cross'):
        got[name] = losses.get(name, torch.zeros(1)).reshape(1)
    got['total_backpropagated'] = total.reshape(1)
    return got


@handles('cti', 'memory_bank')
def memory_bank(spec, arrays, folder):
    classes, dims = arrays['in_label0'].shape[1], arrays['in_ctk3_0'].shape[2]
    memory = ClassMemory(classes, dims, config_of(classes).model.get('memory_size', 30))
    fill_memory(memory, spec, spec['inputs']['initial memory'])
    results = {}
    for step in range(sum(name.startswith('in_label') for name in arrays)):
        tags = torch.from_numpy(arrays[f'in_label{step}'])
        tokens = torch.from_numpy(arrays[f'in_ctk3_{step}'])[:, 1:]
        memory.update(tokens, tags)
        stride = int(re.search(r'channels ::(\d+)', spec['outputs']['cross_tokensN'])[1])
        got = {
            f'cross_tokens{step}': memory.recall(tokens, tags)[..., ::stride],
            f'len{step}': memory.counts,
            f'mean{step}': memory.means(),
            f'cross_in_total{step}': np.array([int(memory.ready)]),
        }
        for name, value in got.items():
            results[name] = (np.asarray(value), arrays[f'out_{name}'], tolerance(spec, name))
    return results


@handles('cti', 'train_step_*')
def train_step(spec, arrays, folder):
    model = build(spec).train()
    classes = model.num_classes
    fill_memory(model.memory, spec, spec['inputs']['memory'])
    config = config_of(classes)
    epoch = int(re.search(r'epoch index (\d+)', spec['notes'])[1])
    config.optim_wrapper.optimizer.lr = float(re.search(r'AdamW lr ([\d.e-]+\d)', spec['notes'])[1])
    images = [torch.from_numpy(arrays[f'in_{name}']) for name in ('img', 'img_pos')]
    tags = torch.from_numpy(arrays['in_label'])
    samples = [SegDataSample(gt_label=own) for own in tags]
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    optimizer.zero_grad()
    seen = []
    inner = model.passes
    hub = MessageHub.get_current_instance()
    hub.update_info('epoch', epoch)
    memory = {name: value.clone() for name, value in model.memory.state_dict().items()}
    try:
        with mock.patch.object(
            model, 'passes', lambda *a, **k: seen.append(inner(*a, **k)) or seen[-1]
        ):
            losses = model.loss(images, samples)
            every = losses
            if 'loss_bg' in losses and 'loss_cross' not in losses:
                # The release computes the loss where it is no part of the total, too.
                model.memory.load_state_dict(memory)
                with mock.patch.object(ClassMemory, 'ready', new=True), torch.no_grad():
                    every = model.loss(images, samples)
    finally:
        hub.update_info('epoch', 0)
    total = sum(losses.values())
    total.backward()
    got = loss_outputs(losses | every, total)
    rules = spec['tolerance']
    close = {
        name: Tolerance(rtol=float(re.search(rf'{name} rtol ([\de.-]+\d)', rules)[1]))
        for name in ('losses', 'gradnorm')
    }
    results = {
        name: (value.detach().numpy(), arrays[f'out_{name}'], close['losses'])
        for name, value in got.items()
    }
    # Scores, of which some are nearly 0, have no bound of their own in the case.
    for name, value in zip(('out', 'out_patch'), seen[0].scores[:2], strict=True):
        bound = Tolerance(atol=close['losses'].rtol, of_max=True)
        results[name] = (value.detach().numpy(), arrays[f'out_{name}'], bound)
    of_max = Tolerance(
        atol=float(re.search(r'gradhead: max error <= ([\de.-]+\d) \*', rules)[1]), of_max=True
    )
    delta = Tolerance(atol=float(re.search(r'deltas atol ([\de.-]+\d)', rules)[1]))
    least = float(re.search(r'\|grad\| > ([\de.-]+\d)', rules)[1])
    parameters, before = dict(model.named_parameters()), {}
    for name in (name for name in arrays if name.startswith('out_gradnorm_')):
        official = name.removeprefix('out_gradnorm_')
        parameter = parameters[rename(official, RULES)]
        flat = parameter.grad.flatten()
        norm = np.array([flat.double().norm()])
        results[name[4:]] = (norm, arrays[name], close['gradnorm'])
        head = f'gradhead_{official}'
        first = flat[: arrays[f'out_{head}'].size]
        results[head] = (first.numpy(), arrays[f'out_{head}'], of_max)
        before[official] = parameter, parameter.detach().flatten()[: first.numel()].clone(), first
    optimizer.step()
    for official, (parameter, old, gradient) in before.items():
        name = f'delta_{official}'
        counted = (gradient.abs() > least).numpy()
        change = (parameter.detach().flatten()[: old.numel()] - old).numpy()
        results[name] = (change[counted], arrays[f'out_{name}'][counted], delta)
    restore(spec)
    return results


def epoch_rates(schedule: dict, epochs: int, lr: float) -> np.ndarray:
    """Learning rate of each epoch under a config's schedule, made as long as asked."""
    wrapper = OptimWrapper(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr))
    scheduler = PARAM_SCHEDULERS.build(dict(schedule, optimizer=wrapper, end=epochs))
    rates = []
    for _ in range(epochs):
        rates.append(wrapper.param_groups[0]['lr'])
        scheduler.step()
    return np.array(rates)


@handles('cti', 'optim_sched')
def optim_sched(spec, arrays, folder):
    model = build(spec)
    config = config_of(model.num_classes)
    results = {}
    for name in (name for name in arrays if name.startswith('out_lr_')):
        batch, epochs = map(int, re.findall(r'\d+', name))
        rates = epoch_rates(config.param_scheduler, epochs, 5e-4 * batch / 512)
        results[name[4:]] = (rates, arrays[name], tolerance(spec, name[4:]))
    lists = re.search(r'no-decay parameters: (.*?)\. decay parameters: (.*?)\. ', spec['notes'])
    own = {id(p): name for name, p in model.named_parameters()}
    groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    decays = {own[id(p)]: group['weight_decay'] for group in groups for p in group['params']}
    assert len(decays) == len(own)
    weight_decay = config.optim_wrapper.optimizer.weight_decay
    for text, decay in zip(lists.groups(), (0, weight_decay), strict=True):
        for official in text.replace(' (blocks 1..11 alike)', '').split(', '):
            if re.fullmatch(FORMATS['cti'].dropped, official):
                continue
            for block in range(12 if official.startswith('blocks.0') else 1):
                ours = rename(official.replace('blocks.0', f'blocks.{block}'), RULES)
                results[f'decay of {ours}'] = (decays.pop(ours), decay, EXACT)
    results['others'] = (sorted(decays), [], EXACT)
    return results


@handles('cti', 'max_norm')
def max_norm(spec, arrays, folder):
    x = torch.from_numpy(arrays['in_x']).requires_grad_()
    y = max_normalize(x)
    (y * torch.from_numpy(arrays['in_w'])).sum().backward()
    double = max_normalize(x.detach().double()).float()
    got = dict(y=y.detach(), grad_x=x.grad, y_double=double)
    return {k: (v.numpy(), arrays[f'out_{k}'], tolerance(spec, k)) for k, v in got.items()}
