"""ExCEL: texts, surgery attention, similarities, walk, labels, losses, training steps, test."""

from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn

from mmwsss.models import CLIP, BalancedCrossEntropyLoss, ExCEL, FixedPrompts, TokenAffinityLoss
from mmwsss.models.clip.image_tokens import resize_positions
from mmwsss.models.clip.sizes import CLIPSizes
from mmwsss.models.clip.surgery import CLIPSurgery, learnt_attention
from mmwsss.models.clip.text_bank import TextBank, enrich
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.one_stage import TokenSegmentor
from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    merge_attention,
    merge_chosen,
    minmax_score,
)
from mmwsss.ops.refined_label import refined_label, refined_scores
from mmwsss.ops.text_similarity import text_similarity
from mmwsss.ops.token_affinity import relative_cosines
from mmwsss.registry import MODELS, TRANSFORMS
from tests.golden.handlers import handles
from tests.golden.handlers.weclip import (
    build_schedule,
    case_state,
    shipped,
    steps_of,
)
from tests.golden.tolerance import tolerance


def tensor(arrays, name):
    return torch.from_numpy(arrays[f'in_{name}'])


def bound(spec, name):
    """The output's own tolerance, or the one of the whole case."""
    return tolerance(spec, name if isinstance(spec['tolerance'], dict) else '')


def compared(spec, arrays, found):
    """Results by the cases' names, each with its own tolerance."""
    return {
        name: (np.asarray(value.detach() if torch.is_tensor(value) else value), expected, close)
        for name, value in found.items()
        for expected, close in [(arrays[f'out_{name}'], bound(spec, name))]
    }


def config_of(data):
    return shipped(data, 'excel').model


def case_clip(spec, state):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    clip = CLIP(arch=CLIPSizes(**spec['config']['clip']))
    clip.load_state_dict({k: v for k, v in state.items() if not k.startswith('decoder')})
    return clip


def case_model(spec, arrays, **options):
    """A model with the case's numbers and, for the rest, those of our config."""
    config, state = spec['config'], case_state(spec)
    model = dict(config_of('voc'))
    model.pop('type')
    bank = TextBank('the case')
    clip = case_clip(spec, state)
    bank._kept = id(clip), tensor(arrays, 'bank')
    caa = dict(model['caa'], threshold=config.get('caa_threshold', model['caa']['threshold']))
    if 'radius' in config:
        model['loss_affinity'] = dict(type='TokenAffinityLoss', radius=config['radius'])
    preprocessor = MODELS.build(dict(model['data_preprocessor']))
    model |= dict(
        clip=clip,
        prompts=FixedPrompts(**model['prompts']),
        bank=bank,
        caa=caa,
        surgery=config['surgery_blocks'],
        num_classes=config['num_classes'] - 1,
        channels=config['embedding_dim'],
        layers=config['decoder_layers'],
        heads=config['decoder_heads'],
        dropout=0.0,
        data_preprocessor=preprocessor,
    )
    built = ExCEL(**{**model, **options})
    rules = FORMATS['excel'].rules
    built.load_state_dict(
        {rename(k, rules): v for k, v in state.items() if k.startswith('decoder')}
    )
    return built


@handles('excel', 'prompt_tokens*')
def prompt_tokens(spec, arrays, folder):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    config = spec['config']
    data = 'voc' if len(config['fg']) == 20 else 'coco'
    prompts = FixedPrompts(**config_of(data).prompts)
    assert [prompts.names, prompts.background] == [tuple(config[k]) for k in ('fg', 'bg')]
    assert prompts.template == config['template']
    clip = CLIP(arch=dict(vision_layers=1, transformer_layers=1))
    texts = [prompts.template.format(n) for n in (*prompts.names, *prompts.background)]
    tokens = clip.tokenize(texts)
    shown = arrays['out_tokens'].shape[1]
    assert not tokens[:, shown:].any()
    return compared(spec, arrays, dict(tokens=tokens[:, :shown].int(), eot=tokens.argmax(1)))


@handles('excel', 'text_attr*')
def text_attr(spec, arrays, folder):
    config, text = spec['config'], tensor(arrays, 'text')
    found = {}
    for name in (name[7:] for name in arrays if name.startswith('in_bank')):
        bank = tensor(arrays, f'bank{name}')
        found[f'text_attr{name}'] = enrich(text, bank, config['num_fg'], config['top'])
    return compared(spec, arrays, found)


@handles('excel', 'surgery_encode*')
def surgery_encode(spec, arrays, folder):
    clip = case_clip(spec, case_state(spec))
    surgery = CLIPSurgery(clip, spec['config']['surgery_blocks'])
    image = surgery.encode(tensor(arrays, 'img'))
    extra = learnt_attention(tensor(arrays, 'ex_feats'))
    attention, blocks = torch.stack(image.attention), torch.stack(image.blocks)
    raws = (image.projected, surgery.project(image, extra))
    normed = [x / x.norm(dim=1, keepdim=True) for x in raws]
    patches = blocks[:, :, 1:].flatten(1)
    found = dict(
        raw=raws[0],
        features=normed[0],
        features_lvc=normed[1],
        attention=attention[:, :, ::3, ::2],
        att_rowsum=attention[:, :, 0].sum(-1),
        feats=blocks[:, :, 1::3, ::8],
        feats_stats=torch.stack(
            [patches.mean(1), patches.std(1, unbiased=False), patches.abs().sum(1)], 1
        ),
    )
    return compared(spec, arrays, found)


@handles('excel', 'pos_interp*')
def pos_interp(spec, arrays, folder):
    table, side, found = tensor(arrays, 'table'), spec['config']['train_grid'], {}
    trained = resize_positions(table, (side, side))
    for name in (name[4:] for name in arrays if name.startswith('out_')):
        grid = (int(name.partition('_')[2]),) * 2
        found[name] = resize_positions(trained if name.startswith('train') else table, grid)
    return compared(spec, arrays, found)


@handles('excel', 'similarity*')
def similarity(spec, arrays, folder):
    maps = text_similarity(tensor(arrays, 'tokens'), tensor(arrays, 'text'))
    return compared(spec, arrays, dict(maps=maps))


@handles('excel', 'model_forward*')
def model_forward(spec, arrays, folder):
    model = case_model(spec, arrays).eval()
    with torch.no_grad():
        seen = model.segment(tensor(arrays, 'img'))
        maps, lvc = (model.class_maps(seen, learnt) for learnt in (False, True))
    text = model.seeder.prompts.features(model.seeder.clip)
    found = dict(
        text=text,
        text_attr=model.seeder.text(),
        fused=seen.features[:, ::4],
        seg=seen.logits,
        maps=maps.flatten(2).transpose(1, 2),
        aff=relative_cosines(seen.features).sigmoid(),
        maps_lvc=lvc.flatten(2).transpose(1, 2),
    )
    return compared(spec, arrays, found)


@handles('excel', 'caa*')
def caa(spec, arrays, folder):
    config = spec['config']
    attention, aff = tensor(arrays, 'attention'), tensor(arrays, 'aff')
    maps, tags = tensor(arrays, 'maps').transpose(1, 2), tensor(arrays, 'tag')
    maps = maps.unflatten(2, (config['grid'], -1))
    shape = dict(config_of('voc').caa, layers=config['layers'], rounds=config['rounds'])
    found = {}
    for threshold in config['thresholds']:
        walk = AttentionAffinity(**dict(shape, threshold=threshold))
        for index in range(len(tags)):
            own, last = maps[index][tags[index] > 0], attention[-walk.layers :, index]
            merged = {
                'early': merge_attention(last, half=False),
                'late': merge_chosen(last) * aff[index],
            }
            for time, value in merged.items():
                found[f'{time}_{threshold}_{index}'] = walk(own, value)
    return compared(spec, arrays, found)


@handles('excel', 'pseudo_label*')
def pseudo_label(spec, arrays, folder):
    import torch.nn.functional as F

    iterations = spec['config']['par_iterations']
    assert iterations == TokenSegmentor.__init__.__kwdefaults__['par_iterations']
    low, x = minmax_score(tensor(arrays, 'refined')), tensor(arrays, 'img')[0]
    classes = tensor(arrays, 'classes')

    def joined(size):
        full = F.interpolate(low[None], size, mode='bilinear')[0]
        return torch.cat([1 - full.amax(0, keepdim=True), full])

    scores, size = joined(x.shape[-2:]), arrays['out_scores_val'].shape[-2:]
    preprocessor = MODELS.build(dict(config_of('voc').data_preprocessor))
    photo = (x * preprocessor.std + preprocessor.mean).clamp(0, 255).floor() / 255
    small = F.interpolate(x[None], size, mode='bilinear', align_corners=True)[0]
    validated = joined(size)
    par = refined_scores(small, validated[1:], iterations)
    found = dict(
        scores=scores,
        label=refined_label(refined_scores(photo, scores[1:], iterations), classes),
        scores_val=validated,
        par_val=par[:, ::3, ::3],
        label_val=refined_label(par, classes),
    )
    return compared(spec, arrays, found)


@handles('excel', 'losses*')
def losses(spec, arrays, folder):
    logits, aff = (tensor(arrays, name).requires_grad_() for name in ('logits', 'aff'))
    label = tensor(arrays, 'label').long()
    grid = tuple(side // 16 for side in label.shape[-2:])
    segmentation = BalancedCrossEntropyLoss()
    affinity = TokenAffinityLoss(radius=spec['config']['radius'])
    seg, target = segmentation(logits, label), affinity.targets(label, grid)
    loss = affinity(aff, label, grid)
    (seg + loss).backward()
    found = dict(
        seg=seg,
        seg_grad=logits.grad[:, :, ::3, ::3],
        seg_all_background=segmentation(logits.detach(), torch.zeros_like(label)),
        aff_label=target,
        aff_loss=loss,
        aff_grad=aff.grad,
        counts=torch.stack([(target == value).sum() for value in (1, 0)]) + 1,
    )
    return compared(spec, arrays, found)


@handles('excel', 'optim_sched*')
def optim_sched(spec, arrays, folder):
    config, results = spec['config'], {}
    for data in ('voc', 'coco'):
        cfg = shipped(data, 'excel')
        optimizer, schedulers = build_schedule(cfg, [nn.Parameter(torch.zeros(1))])
        (group,) = optimizer.param_groups
        for key in ('lr', 'weight_decay', 'betas'):
            own = group['initial_lr'] if key == 'lr' else group[key]
            assert np.allclose(own, config[key]), key
        wanted = arrays[f'out_{data}_iterations'].tolist()
        rates = steps_of(optimizer, schedulers, wanted)
        got = 1e6 * np.array([rates[step] for step in wanted])
        results[f'{data}_lr'] = (got, arrays[f'out_{data}_lr'], tolerance(spec, f'{data}_lr'))
        results[f'{data}_iterations'] = None
    return results


@handles('excel', 'crop_blind*')
def crop_blind(spec, arrays, folder):
    config, found = spec['config'], {}
    steps = {
        step.type: dict(step)
        for step in shipped('coco', 'excel').train_dataloader.dataset.pipeline
        if step.type.startswith('Random')
    }
    assert [steps['RandomScale'][k] for k in ('low', 'high')] == config['scale']
    steps['RandomCropPad']['size'] = config['crop']
    scale, flip, crop = (
        TRANSFORMS.build(steps[name]) for name in ('RandomScale', 'RandomFlip', 'RandomCropPad')
    )
    for index in range(sum(name.startswith('in_img') for name in arrays)):
        ratio, mirrored, *offsets = arrays[f'out_draws{index}']
        sample = {'img': arrays[f'in_img{index}'], 'img_id': str(index)}
        low, high = config['scale']
        with mock.patch('random.random', return_value=(float(ratio) - low) / (high - low)):
            sample = scale(sample)
        with mock.patch('torch.rand', return_value=torch.tensor(1.0 - mirrored)):
            sample = flip(sample)
        sides = sample['img'].shape[:2]
        # Where the picture is smaller than the crop its place is drawn, else that of the crop;
        # the column first.
        places = [
            int(offsets[axis] if sides[axis] < config['crop'] else offsets[2 + axis])
            for axis in (1, 0)
        ]
        with mock.patch('random.randrange', side_effect=places):
            sample = crop(sample)
        preprocessor = MODELS.build(dict(config_of('coco').data_preprocessor))
        data = TRANSFORMS.build(dict(type='PackTagged'))(sample)
        prepared = preprocessor(
            dict(inputs=[data['inputs']], data_samples=[data['data_samples']]), True
        )['inputs'][0]
        image = (prepared * preprocessor.std + preprocessor.mean).permute(1, 2, 0)
        expected = arrays[f'out_crop{index}']
        if expected.min() < 0 or expected.max() < 10:  # normalised
            image = prepared.permute(1, 2, 0)
        found[f'crop{index}'] = image
    results = compared(spec, arrays, found)
    return results | {name[4:]: None for name in arrays if name.startswith('out_draws')}


@handles('excel', 'checkpoint_keys*')
def checkpoint_keys(spec, arrays, folder):
    import re

    source, classes = FORMATS['excel'], spec['config']['num_classes']
    entries = {f'module.{name}': shape for name, shape in spec['params'].items()}
    kept = {
        rename(name, source.rules): tuple(shape)
        for name, shape in entries.items()
        if not re.fullmatch(source.dropped, name)
    }
    with torch.device('meta'):
        built = dict(config_of('voc'), clip=CLIP(arch='ViT-B-16-quickgelu'), bank=None)
        built.pop('type')
        model = ExCEL(**{**built, 'num_classes': classes - 1})
    own = {name: tuple(value.shape) for name, value in model.named_parameters()}
    assert kept == own
    trainable = sum(p.numel() for p in model.parameters())
    found = dict(trainable=np.int64(trainable), entries=np.int64(len(entries)))
    return compared(spec, arrays, found)


@handles('excel', 'infer_seg*')
def infer_seg(spec, arrays, folder):
    config, results = spec['config'], {}
    assert shipped('voc', 'excel').model.get('test_cfg', {}).get('scales') is None
    x = tensor(arrays, 'img')
    for data in ('voc', 'coco'):
        cfg = dict(shipped(data, 'excel').model.get('test_cfg', {}))
        cfg |= dict(long_side=config['side'], scales=config['scales'])
        model = case_model(spec, arrays, test_cfg=cfg).eval()
        size = tuple(x.shape[-2:])
        with torch.no_grad():
            full = torch.nn.functional.interpolate(model.merged(x, size), size, mode='bilinear')[0]
        results |= {data: full[:, ::4, ::4], f'{data}_pred': full.argmax(0)}
    return compared(spec, arrays, results)


@handles('excel', 'train_step_*')
def train_step(spec, arrays, folder):
    config = spec['config']
    model = case_model(spec, arrays, affinity_weight=config['w_aff']).train()
    x, tags = tensor(arrays, 'img'), tensor(arrays, 'tag')
    iteration = config['n_iter'] + 1
    late = iteration > model.phase2.after
    with (
        mock.patch('mmwsss.models.one_stage.excel.training_iteration', lambda: iteration),
        torch.enable_grad(),
    ):
        seen = model.segment(x)
        label = model.labels(x, seen, tags, late)
        found = model.losses(seen, label, tags)
        taught = {}
        kept = model.loss_affinity.targets
        with mock.patch.object(model.loss_affinity, 'targets') as targets:
            targets.side_effect = lambda own, grid: taught.update(own=own) or kept(own, grid)
            model.losses(seen, label, tags)
    sum(found.values()).backward()
    cfg = shipped('voc', 'excel')
    optimizer, schedulers = build_schedule(cfg, [nn.Parameter(torch.zeros(1))])
    step = config['optimizer_step']
    rate = steps_of(optimizer, schedulers, [step])[step]
    assert np.isclose(rate, config['lr'])
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer, _ = build_schedule(cfg, model.parameters())
    for group in optimizer.param_groups:
        group['lr'] = rate
    optimizer.step()
    after = dict(model.named_parameters())
    with torch.no_grad():
        maps = model.class_maps(seen, late)
    affinity = model.loss_affinity.targets(taught['own'], seen.image.grid)
    results = compared(
        spec,
        arrays,
        dict(
            loss_seg=found['loss_seg'][None],
            loss_aff=(found['loss_affinity'] / config['w_aff'])[None],
            total=sum(found.values())[None],
            pseudo_label=label,
            aff_label=affinity,
            maps=maps.flatten(2).transpose(1, 2),
        ),
    )
    rules = FORMATS['excel'].rules
    for name in (name[9:] for name in arrays if name.startswith('out_grad_')):
        ours = rename(name, rules)
        expected = arrays[f'out_grad_{name}']
        # As the case says: every n-th element, so many of them.
        what = spec['outputs'][f'grad_{name}']['what']
        every = int(what.partition('[::')[2].partition(']')[0] or 1)
        gradient = after[ours].grad.flatten()
        shown = gradient[::every][: len(expected)]
        delta = (after[ours].detach() - before[ours]).flatten()[::every][: len(expected)]
        results[f'gradnorm_{name}'] = (
            gradient.norm()[None].numpy(),
            arrays[f'out_gradnorm_{name}'],
            tolerance(spec, f'gradnorm_{name}'),
        )
        results[f'grad_{name}'] = (shown.numpy(), expected, tolerance(spec, f'grad_{name}'))
        stable = np.abs(expected) > 1e-4 * np.abs(expected).max()
        results[f'delta_{name}'] = (
            delta.numpy()[stable],
            arrays[f'out_delta_{name}'][stable],
            tolerance(spec, f'delta_{name}'),
        )
    return results
