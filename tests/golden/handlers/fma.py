"""FMA-WSSS: CLIP, prompts, losses, CAA, seeding, augmentation and learning rates."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.models import CLIP, FMA, CAMActivationLoss, MultiLabelContrastiveLoss, PromptLearner
from mmwsss.models.clip.prompt_learner import text_seed
from mmwsss.models.clip.sizes import CLIPSizes
from mmwsss.models.conversion.checkpoint_keys import rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    affinity,
    box_masks,
    merge_attention,
    minmax_score,
)
from mmwsss.ops.background import alpha_background
from mmwsss.ops.grad_cam import masked_softmax
from mmwsss.ops.mask_runs import MaskRuns, rock_sand_water
from mmwsss.ops.mask_seeding import label_masks
from mmwsss.refiners import SAMSeeding
from mmwsss.structures import Proposals
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.tolerance import EXACT, Tolerance, tolerance

CONFIGS = Path(__file__).parents[3] / 'configs'


def out(arrays, name):
    return arrays[f'out_{name}']


def statistics(values) -> np.ndarray:
    values = torch.as_tensor(np.asarray(values)).double()
    return np.array([values.mean(), values.std(unbiased=False), values.abs().sum()])


# The network --------------------------------------------------------------------------


@lru_cache(maxsize=2)
def build_clip(sizes: tuple, params: tuple, overrides: tuple, salt: str) -> CLIP:
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    clip = CLIP(arch=CLIPSizes(**dict(sizes)))
    state = {name: torch.from_numpy(fill.value(name, shape, salt)) for name, shape in params}
    state |= {name: torch.tensor(value, dtype=torch.float32) for name, value in overrides}
    clip.load_state_dict(state)
    return clip


def case_clip(spec) -> CLIP:
    params = {k: v for k, v in spec['params'].items() if not k.startswith('prompt_learner.')}
    return build_clip(
        tuple(spec['config']['clip'].items()),
        tuple((name, tuple(shape)) for name, shape in params.items()),
        tuple(spec['param_overrides'].items()),
        spec['salt'],
    )


def case_prompts(config, width) -> PromptLearner:
    cfg = config['ctx_cfg']
    assert not cfg['ctx_init']
    context = cfg['csc']
    if isinstance(context, bool):
        context = 'class_specific' if context else 'generic'
    return PromptLearner(
        config['fg_names'],
        config['bg_names'],
        width=width,
        layout=cfg['cls_token_pos'],
        length=cfg['n_ctx'],
        context=context,
        std=cfg['ctx_std'],
    )


def case_model(spec, **options) -> FMA:
    clip = case_clip(spec)
    prompts = case_prompts(spec['config'], clip.sizes.transformer_width)
    model = FMA(clip, prompts, num_classes=len(prompts.names), **options)
    name = 'prompt_learner.ctx'
    ctx = torch.from_numpy(fill.value(name, spec['params'][name], spec['salt']))
    model.load_state_dict({rename(name, FORMATS['fma'].rules): ctx}, strict=False)
    return model


def per_class(got, expected, share=1e-3):
    """Maps, each relative to its own largest value."""
    scale = np.abs(expected).max((-2, -1), keepdims=True)
    return got / scale, expected / scale, Tolerance(atol=share)


@handles('fma', 'clip_*')
def clip_forward(spec, arrays, folder):
    config = spec['config']
    assert config['sm_fg_exist'] and config['adaptive_pos_emb']
    model = case_model(spec).eval()
    clip = model.clip
    with torch.no_grad():
        embeddings, _ = model.prompt.prompts(clip)
        tokens, lengths = model.prompt.tokens(clip)
        raw_text = clip.encode_text(*model.prompt.prompts(clip))
        text = model.text_features()
        image = clip.encode(torch.from_numpy(arrays['in_img']), clip.sizes.vision_layers)
        normed, last = clip.finish(image.tokens, image.hidden)
        tags = torch.from_numpy(arrays['in_fg_cls_lb'])
        logits = model.logits(image, text)
        cam = model.grad_cam(image, tags, text)
    attention = torch.stack([*image.attention, last], 1).numpy()
    hidden = image.hidden.transpose(0, 1).numpy()
    patches = clip.project(normed[:, 1:]).numpy()
    results = {
        'text_features': raw_text.numpy(),
        'img_emb': clip.project(normed[:, 1:].mean(1)).numpy(),
        'cls_emb': clip.project(normed[:, 0]).numpy(),
        'logits': logits.numpy(),
        'sm_logits': masked_softmax(logits, model.softmax_mask(tags)).numpy(),
        'att': attention,
        'att_stats': statistics(attention),
        'gcam_avt_sub': hidden[::5, :, ::8],
        'gcam_avt_stats': statistics(hidden),
        'patch_emb_sub': patches[:, ::5],
        'patch_emb_stats': statistics(patches),
        'prompts_sub': embeddings[:, :24, ::16].numpy(),
        'prompts_stats': statistics(embeddings),
    }
    results = {
        name: (got, out(arrays, name), tolerance(spec, name)) for name, got in results.items()
    }
    exact = dict(tokenized=tokens.numpy(), name_lens=lengths.numpy(), emb_hw=np.array(image.grid))
    results |= {name: (got, out(arrays, name), EXACT) for name, got in exact.items()}
    (share,) = numbers(spec['tolerance'], rf'pos_cam: .*error < {NUMBER}')
    return results | {'pos_cam': per_class(cam.numpy(), out(arrays, 'pos_cam'), share)}


def gradients(spec, arrays, model, losses):
    sum(losses.values()).backward()
    gradient = model.prompt.ctx.grad
    close = tolerance(spec, 'losses')
    (share,) = numbers(spec['tolerance'], rf'gradient: .*error < {NUMBER}')
    tight = Tolerance(atol=share, of_max=True)
    part = gradient[:, ::4] if gradient.ndim == 2 else gradient[:, ::3, ::8]
    norm, stats = np.float32(gradient.norm()), statistics(gradient)
    loose = Tolerance(rtol=share)
    with torch.no_grad():
        image = model.clip.encode(torch.from_numpy(arrays['in_img']))
        text, tags = model.text_features(), torch.from_numpy(arrays['in_fg_cls_lb'])
        logits = model.logits(image, text)
        cam = model.grad_cam(image, tags, text).numpy()
    results = {
        name: (np.float32(v.detach()), out(arrays, name), close) for name, v in losses.items()
    }
    return results | {
        'grad_sub': (part.numpy(), out(arrays, 'grad_sub'), tight),
        'grad_norm': (norm, out(arrays, 'grad_norm'), loose),
        # The notes: the mean is noise.
        'grad_stats': (stats[1:], out(arrays, 'grad_stats')[1:], loose),
        # The notes: the tolerances of the clip_* cases.
        'logits': (logits.numpy(), out(arrays, 'logits'), Tolerance(rtol=1e-3, atol=1e-4)),
        'pos_cam': per_class(cam, out(arrays, 'pos_cam')),
    }


def case_samples(arrays):
    samples = []
    for tags, label in zip(arrays['in_fg_cls_lb'], arrays['in_lb'], strict=True):
        sample = SegDataSample(gt_label=torch.from_numpy(tags))
        sample.pseudo_mask = PixelData(data=torch.from_numpy(label)[None])
        samples.append(sample)
    return samples


@handles('fma', 'grad_cls_ctx*')
def grad_cls_ctx(spec, arrays, folder):
    model = case_model(spec, loss_contrastive=dict(type='MultiLabelContrastiveLoss')).train()
    losses = model.loss(torch.from_numpy(arrays['in_img']), case_samples(arrays))
    return gradients(spec, arrays, model, {'loss': losses['loss_contrastive']})


@handles('fma', 'grad_seg_ctx*')
def grad_seg_ctx(spec, arrays, folder):
    model = case_model(spec, loss_cam=dict(type='CAMActivationLoss')).train()
    losses = model.loss(torch.from_numpy(arrays['in_img']), case_samples(arrays))
    named = {name.replace('_cam', ''): value for name, value in losses.items()}
    return gradients(spec, arrays, model, named)


# Prompts ------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def tokenizing_clip() -> CLIP:
    """For its tokenizer alone."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    return CLIP(
        arch=dict(
            embed_dim=8,
            vision_layers=1,
            vision_width=64,
            transformer_width=8,
            transformer_heads=1,
            transformer_layers=1,
        )
    )


@handles('fma', 'prompt_tokens*')
def prompt_tokens(spec, arrays, folder):
    clip, results = tokenizing_clip(), {}
    for name, lists in spec['config'].items():
        tokens, lengths = PromptLearner(lists['fg'], lists['bg'], width=8).tokens(clip)
        results |= {
            f'{name}_tokens': tokens.int(),
            f'{name}_name_lens': lengths,
            f'{name}_eot': tokens.argmax(1),
        }
    results['empty_tokens'] = PromptLearner(['a'], [''], width=8).tokens(clip)[0][1:].int()
    return {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name))
        for name, value in results.items()
    }


@handles('fma', 'ctx_init*')
def ctx_init(spec, arrays, folder):
    seeds = spec['config']['seed_int']
    results = {
        f'seed of {text}': (text_seed(text), number, EXACT) for text, number in seeds.items()
    }
    voc = read_config(CONFIGS / 'fma/fma_vit-b16-seg_voc.py').model.prompts
    for name, options in {
        'zhen': read_config(CONFIGS / 'fma/fma_vit-b16-cls_voc.py').model.prompts,
        'ji': voc,
    }.items():
        ctx = PromptLearner(**options).ctx.detach().numpy()
        part = ctx[:, ::8] if ctx.ndim == 2 else ctx[::4, ::5, ::32]
        results[name] = (part, out(arrays, name), tolerance(spec, name))
        stats = out(arrays, f'{name}_stats')
        # The mean of normal numbers is what is left of their sum: relative to their deviation.
        near = Tolerance(rtol=1e-6, atol=1e-6 * float(stats[1]))
        results[f'{name}_stats'] = (statistics(ctx), stats, near)
    return results


# Losses -------------------------------------------------------------------------------


@handles('fma', 'loss_contrastive*')
def loss_contrastive(spec, arrays, folder):
    label = torch.from_numpy(arrays['in_label'])
    results = {}
    for name in (name[4:] for name in arrays if name.startswith(('out_pos', 'out_sample'))):
        reduction, factor = name.split('_gamma')
        gamma = None if factor == 'None' else float(factor)
        scores = torch.from_numpy(arrays['in_S']) * (1 if gamma is None else 0.1)
        scores.requires_grad_()
        loss = MultiLabelContrastiveLoss(reduction=reduction, gamma=gamma)(scores, label)
        loss.backward()
        results[name] = (loss.detach().numpy(), out(arrays, name), tolerance(spec, name))
        results[f'grad_{name}'] = (
            scores.grad.numpy(),
            out(arrays, f'grad_{name}'),
            tolerance(spec, f'grad_{name}'),
        )
    bad = (label.sum(1) == 0) | (label.sum(1) == label.shape[1])
    scores = torch.from_numpy(arrays['in_S'])[bad]
    nothing = MultiLabelContrastiveLoss()(scores, label[bad])
    return results | {
        'no_valid': (nothing.numpy(), out(arrays, 'no_valid'), tolerance(spec, 'no_valid'))
    }


@handles('fma', 'loss_cam_activation*')
def loss_cam_activation(spec, arrays, folder):
    results = {}
    for name in (name[4:] for name in arrays if name.startswith(('out_l1_', 'out_l2_'))):
        norm, reduction = name.split('_')
        cam = torch.from_numpy(arrays['in_pos_cam']).requires_grad_()
        loss = CAMActivationLoss(norm=norm, reduction=reduction)
        terms = loss(cam, *(torch.from_numpy(arrays[f'in_{k}']) for k in ('fg_cls_lb', 'lb')))
        sum(terms).backward()
        results[name] = (
            torch.stack(terms).detach().numpy(),
            out(arrays, name),
            tolerance(spec, name),
        )
        results[f'grad_{name}'] = (
            cam.grad.numpy(),
            out(arrays, f'grad_{name}'),
            tolerance(spec, f'grad_{name}'),
        )
    return results


# From maps to seeds -------------------------------------------------------------------


def shipped_caa(name: str) -> AttentionAffinity:
    """The setting of one of our configs."""
    cfg = read_config(CONFIGS / f'fma/fma_vit-b16-{name}.py')
    return AttentionAffinity(**cfg.model.test_cfg.caa)


@handles('fma', 'caa*')
def caa(spec, arrays, folder):
    cam = torch.from_numpy(arrays['in_cam'])
    settings = {name: shipped_caa(name) for name in ('cls_voc', 'seg_voc', 'cls_coco')}
    layers = settings['cls_voc'].layers
    attention = torch.from_numpy(arrays['in_att'])[-layers:]
    merged = merge_attention(attention)
    stored = torch.from_numpy(out(arrays, 'merged_fp16')).float()
    results = {
        'merged_fp16': (
            merged.half().numpy(),
            out(arrays, 'merged_fp16'),
            tolerance(spec, 'merged_fp16'),
        ),
        'score': (minmax_score(cam).numpy(), out(arrays, 'score'), tolerance(spec, 'score')),
    }
    for name in (name[4:] for name in arrays if name.startswith('out_aff_sinkhorn')):
        rounds = int(name.removeprefix('aff_sinkhorn'))
        results[name] = (affinity(stored, rounds).numpy(), out(arrays, name), tolerance(spec, name))
    for name in (name[4:] for name in arrays if name.startswith('out_colmask_')):
        masks = box_masks(minmax_score(cam), float(name.removeprefix('colmask_')))
        results[name] = (masks.numpy(), out(arrays, name), EXACT)
    for name, setting in settings.items():
        task, data = name.split('_')
        key = f'refined_{data}_{task}'
        results[key] = (setting(cam, stored).numpy(), out(arrays, key), tolerance(spec, key))
    return results


@handles('fma', 'score_seed*')
def score_seed(spec, arrays, folder):
    results, cam = {}, torch.from_numpy(arrays['in_cam'])
    size = out(arrays, 'score_rf1').shape[1:]

    def resize(maps):
        return torch.nn.functional.interpolate(
            maps[None], size, mode='bilinear', align_corners=False
        )[0]

    ways = {'rf1': minmax_score(resize(cam)), 'rf0': resize(minmax_score(cam))}
    ids = np.append(0, arrays['in_fg_cls'] + 1).astype(np.uint8)
    for way, scores in ways.items():
        scores = scores.numpy()

        def with_background(power, scores=scores):
            return np.concatenate([alpha_background(scores, power)[None], scores])

        name = f'score_{way}'
        results[name] = (with_background(1), out(arrays, name), tolerance(spec, 'scores'))
        for name in (n[4:] for n in arrays if n.startswith(f'out_seed_{way}_pow')):
            power = float(name.rpartition('pow')[2])
            labels = ids[with_background(power).argmax(0)]
            results[name] = (labels, out(arrays, name), tolerance(spec, 'seeds'))
    # What the model makes of them.
    sample = SegDataSample(metainfo=dict(ori_shape=tuple(size)))
    order = np.argsort(arrays['in_fg_cls'])
    FMA._make_seeds(_NoSeeding, sample, arrays['in_fg_cls'][order], cam[torch.from_numpy(order)])
    close = tolerance(spec, 'scores')
    results['seeds'] = (sample.seeds.scores, out(arrays, 'score_rf1')[1:][order], close)
    return results


class _NoSeeding:
    seeding = None


def unpack(arrays, width: int, level: np.ndarray) -> Proposals:
    masks = np.unpackbits(arrays['in_masks'], axis=-1, count=width).astype(bool)
    zeros = np.zeros(len(masks))
    return Proposals.from_masks(masks, iou=zeros, stability=zeros, level=level)


POOLING = {'True': 'relu', 'False': 'raw', 'double_norm': 'minmax'}


@handles('fma', 'sam_seed*')
def sam_seed(spec, arrays, folder):
    size = spec['config']['H'], spec['config']['W']
    proposals = unpack(arrays, size[1], arrays['in_level'])
    cams = torch.nn.functional.interpolate(
        torch.from_numpy(arrays['in_cam'])[None], size, mode='bilinear', align_corners=False
    )[0].numpy()
    close, exact = tolerance(spec, 'scores'), tolerance(spec, 'label maps')
    results = {'cam_resized_sub': (cams[:, ::3, ::3], out(arrays, 'cam_resized_sub'), close)}
    ids = np.append(0, arrays['in_fg_cls'] + 1).astype(np.int64)
    for key in (name.removeprefix('out_seed_') for name in arrays if 'out_seed_nf' in name):
        pooling, power = key.removeprefix('nf').split('_pow')
        seeding = SAMSeeding(float(power), pooling=POOLING[pooling])
        found = label_masks(cams, MaskRuns(proposals), seeding.power, seeding.pooling)
        painted = seeding.seed(cams, arrays['in_fg_cls'], proposals)
        results |= {
            f'seed_{key}': (painted, out(arrays, f'seed_{key}'), exact),
            f'ann_seed_{key}': (ids[found.label], out(arrays, f'ann_seed_{key}'), exact),
            f'ann_conf_{key}': (found.confidence, out(arrays, f'ann_conf_{key}'), close),
            f'ann_score_{key}': (found.scores, out(arrays, f'ann_score_{key}'), close),
        }
    return results


@handles('fma', 'sam_rsw*')
def sam_rsw(spec, arrays, folder):
    width = 8 * arrays['in_masks'].shape[-1]
    proposals = unpack(arrays, width, arrays['in_level'])
    masks = MaskRuns(proposals)
    results = {}
    for name in (name[4:] for name in arrays if name.startswith('out_kept_')):
        kept = rock_sand_water(masks, proposals.level, float(name.removeprefix('kept_')))
        results[name] = (kept, out(arrays, name), tolerance(spec, name))
    return results
