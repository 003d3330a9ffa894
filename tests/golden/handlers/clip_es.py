"""CLIP-ES: prompts, seeds from photo to store, CRF labels."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.datasets.tags import names_to_ids, read_tag_list, read_tag_xml
from mmwsss.datasets.transforms import ResizeToMultiple
from mmwsss.datasets.voc import VOCTaggedDataset
from mmwsss.models import CLIP, CLIPES, FixedPrompts, WSSSDataPreprocessor
from mmwsss.ops.attention_affinity import (
    AttentionAffinity,
    box_masks,
    merge_attention,
    minmax_score,
)
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.dense_crf import softmax_unary, wrapped_image
from mmwsss.ops.grad_cam import present_softmax
from mmwsss.refiners import CRF, Threshold
from mmwsss.structures import Seeds
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers, thin
from tests.golden.handlers.fma import (
    CONFIGS,
    case_clip,
    out,
    per_class,
    statistics,
)
from tests.golden.tolerance import EXACT, Tolerance, tolerance


def shipped(data):
    """The published config of VOC or COCO."""
    return read_config(CONFIGS / f'clip_es/clip-es_vit-b16_{data}.py').model


def shipped_caa(data) -> AttentionAffinity:
    return AttentionAffinity(**shipped(data).test_cfg.caa)


def prompts(data, **options) -> FixedPrompts:
    return FixedPrompts(**{**shipped(data).prompts, **options})


def preprocessor() -> WSSSDataPreprocessor:
    options = dict(shipped('voc').data_preprocessor)
    return WSSSDataPreprocessor(mean=options['mean'], std=options['std'])


@handles('clip_es', 'text_features*')
def text_features(spec, arrays, folder):
    config = spec['config']
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    clip = CLIP(arch=config['clip'])  # its image side is whatever it is
    state = clip.module.state_dict()
    state |= {
        n: torch.from_numpy(fill.value(n, s, spec['salt'])) for n, s in spec['params'].items()
    }
    clip.load_state_dict(state)
    results = {}
    for data in ('voc', 'coco'):
        lists = (config[f'{data}_{part}'] for part in ('fg', 'bg'))
        bank = FixedPrompts(*lists, template=config['template'])
        features = bank.features(clip).split([len(bank.names), len(bank.background)])
        both = zip(('fg', 'bg'), (bank.names, bank.background), features, strict=True)
        for part, names, own in both:
            tokens = clip.tokenize([bank.template.format(name) for name in names]).int()
            key = f'{data}_{part}'
            results[f'{key}_tokens'] = (tokens.numpy(), out(arrays, f'{key}_tokens'), EXACT)
            results[key] = (own.numpy(), out(arrays, key), tolerance(spec, 'features'))
    return results


def network_input(image, model):
    """A photo as the network sees it, by the config's transforms."""
    resize = ResizeToMultiple(model.seeder.clip.sizes.vision_patch_size)
    resized = resize.transform(dict(img=image))['imgs'][0]
    inputs = [torch.from_numpy(resized.transpose(2, 0, 1).copy())]
    return model.data_preprocessor(dict(inputs=inputs), False)['inputs']


@handles('clip_es', 'seed_*')
def seed(spec, arrays, folder):
    config = spec['config']
    data = config['data']
    bank = prompts(data, template=config['template'])
    caa = {**shipped(data).test_cfg.caa, 'threshold': config['threshold']}
    model = CLIPES(
        case_clip(spec),
        bank,
        num_classes=len(bank.names),
        test_cfg=dict(caa=caa),
        data_preprocessor=preprocessor(),
    )
    if data == 'voc':
        names = VOCTaggedDataset.METAINFO['classes'][1:]
        keys = list(dict.fromkeys(names.index(name) for name in config['tags']))
    else:
        keys = list(dict.fromkeys(int(number) for number in config['tags']))
    order = np.argsort(keys)  # of the case in ours
    back = np.argsort(order)
    inputs = network_input(arrays['in_image'], model)
    sample = SegDataSample(metainfo=dict(ori_shape=arrays['in_image'].shape[:2]))
    sample.gt_label = torch.zeros(len(bank.names))
    sample.gt_label[keys] = 1
    model.predict(inputs, [sample])
    tags = sample.gt_label[None]
    with torch.no_grad():
        seeder = model.seeder
        image = seeder.clip.encode(inputs, seeder.layers)
        features, attention = seeder.clip.describe(image)
        raw = seeder.grad_cam(image, tags)
        merged = merge_attention(attention[0], half=False)
        cam = seeder.caa.score(raw)
        boxes = box_masks(cam, seeder.caa.threshold)
        refined = seeder.spread(raw, attention[0])
        columns = [*keys, *range(len(bank.names), len(bank))]
        mask = torch.zeros(1, len(bank))
        mask[0, columns] = 1
        probability = present_softmax(seeder.logits(features), mask)[0, columns]
    found = dict(
        keys=np.asarray(sample.seeds.classes)[back],
        input_sub=inputs[0, :, ::3, ::3],
        input_size=np.array(inputs.shape[-2:]),
        input_stats=statistics(inputs[0]),
        tokens_sub=thin(image.tokens[0], out(arrays, 'tokens_sub')),
        attention=merged,
        probability=probability,
        cam=cam[back],
        boxes=boxes[back],
        refined=refined[back],
        high=sample.seeds.scores[back],
        stored=sample.seeds.scores[back].astype(np.float16),
    )
    results = {
        name: (np.asarray(value), out(arrays, name), tolerance(spec, name))
        for name, value in found.items()
    }
    (share,) = numbers(spec['tolerance'], rf'raw: .*error < {NUMBER}; cam')
    return results | {'raw': per_class(raw[back].numpy(), out(arrays, 'raw'), share)}


@handles('clip_es', 'cam_scale*')
def cam_scale(spec, arrays, folder):
    raw = torch.from_numpy(arrays['in_raw'])
    close, caa = tolerance(spec, 'once'), shipped_caa('voc')
    twice = caa.score(raw).numpy()
    levels = (255 * twice).astype(np.uint8)
    return {
        'once': (minmax_score(raw).numpy(), out(arrays, 'once'), close),
        'twice': (twice, out(arrays, 'twice'), close),
        'levels': (levels, out(arrays, 'levels'), tolerance(spec, 'levels')),
    }


@handles('clip_es', 'boxes*')
def boxes(spec, arrays, folder):
    score = torch.from_numpy(arrays['in_score'])
    results = {}
    for name in (name[4:] for name in arrays if name.startswith('out_boxes_')):
        found = box_masks(score, float(name.removeprefix('boxes_')))
        results[name] = (found.numpy(), out(arrays, name), tolerance(spec))
    return results


@handles('clip_es', 'caa*')
def caa(spec, arrays, folder):
    setting = shipped_caa('voc')
    attention = torch.from_numpy(arrays['in_attention'])[-setting.layers :]
    merged = merge_attention(attention, half=False)
    walk = setting.walk(merged)
    single = AttentionAffinity(threshold=None, source='score', rounds=setting.rounds, power=1)
    results = dict(merged=merged, affinity=single.walk(merged), squared=walk)
    score = torch.from_numpy(arrays['in_cam'])
    for name in (name[4:] for name in arrays if name.startswith('out_refined_')):
        threshold = name.removeprefix('refined_')
        refined = setting.spread(score * box_masks(score, float(threshold)), merged)
        results |= {name: refined, f'score_{threshold}': minmax_score(refined)}
    return {
        name: (value.numpy(), out(arrays, name), tolerance(spec, name.partition('_')[0]))
        for name, value in results.items()
    }


@handles('clip_es', 'upsample*')
def upsample(spec, arrays, folder):
    size = spec['config']['height'], spec['config']['width']
    low = minmax_score(torch.from_numpy(arrays['in_refined']))
    high = F.interpolate(low[None], size, mode='bilinear')[0]
    found = dict(low=low.numpy(), high=high.numpy(), stored=high.half().numpy())
    return {n: (value, out(arrays, n), tolerance(spec, n)) for n, value in found.items()}


def case_seeds(scores, keys) -> Seeds:
    order = np.argsort(keys)
    return Seeds(np.asarray(keys)[order], scores[order].astype(np.float32))


def chain(name):
    """The parts of a config's chain of refiners."""
    parts = read_config(CONFIGS / f'clip_es/{name}.py').model.refiner.refiners
    crf, threshold = ({k: v for k, v in part.items() if k != 'type'} for part in parts)
    return CRF(**crf), Threshold(**threshold)


@handles('clip_es', 'crf_label*')
def crf_label(spec, arrays, folder):
    image, seeds = arrays['in_image'], case_seeds(arrays['in_scores'], arrays['in_keys'])
    order = np.argsort(np.argsort(arrays['in_keys']))  # ours as the case has them
    crf, sure = chain('crf')
    _, full = chain('crf-full')
    scores = np.concatenate([crf._background(seeds)[None], seeds.scores[order]])
    refined = crf(image, seeds)
    q = np.concatenate([refined.background[None], refined.scores[order]])
    found = dict(
        crf_image=wrapped_image(image)[..., ::-1],
        unary=thin(softmax_unary(scores), out(arrays, 'unary')),
        q=q,
        confidence=q.max(0),
        label_full=full(image, refined),
        label=sure(image, refined),
    )
    agreement = tolerance(spec, 'label_full')
    share = Tolerance(atol=tolerance(spec, 'confidence').atol, agreement=agreement.agreement)
    bounds = dict(q=share, confidence=share, label_full=agreement, label=agreement)
    return {
        name: (value, out(arrays, name), bounds.get(name) or tolerance(spec, name))
        for name, value in found.items()
    }


@handles('clip_es', 'eval_seed*')
def eval_seed(spec, arrays, folder):
    count = sum(name.startswith('in_keys') for name in arrays)
    results = {}
    for name in (name[4:] for name in arrays if name.startswith('out_miou_')):
        power = float(name.removeprefix('miou_'))
        ways = dict(background=power) if power < 1 else dict(background=None, alpha=power)
        threshold, total = Threshold(**ways), 0
        for index in range(count):
            scores, keys, gt = (arrays[f'in_{k}{index}'] for k in ('scores', 'keys', 'gt'))
            mask = threshold(np.zeros((*gt.shape, 3), np.uint8), case_seeds(scores, keys))
            total = total + confusion(torch.from_numpy(mask), torch.from_numpy(gt), 21, 255)
        miou = scores_from_confusion(total.numpy(), 'present').miou
        results[name] = (np.float32(miou), out(arrays, name), tolerance(spec))
    return results


@handles('clip_es', 'preprocess*')
def preprocess(spec, arrays, folder):
    config = read_config(CONFIGS / 'clip_es/clip-es_vit-b16_voc.py')
    (options,) = (
        step for step in config.test_dataloader.dataset.pipeline if step.type == 'ResizeToMultiple'
    )
    resize, prepare = ResizeToMultiple(options.divisor), preprocessor()
    results, sizes = {}, []
    for size in spec['config']['sizes']:
        resized = resize.transform(dict(img=np.zeros((*size, 3), np.uint8)))['imgs'][0]
        sizes.append(resized.shape[:2])
    results['sizes'] = (np.array(sizes), out(arrays, 'sizes'), tolerance(spec, 'sizes'))
    for key in (name[3:] for name in arrays if name.startswith('in_')):
        image = arrays[f'in_{key}']
        image = np.repeat(image[..., None], 3, -1) if image.ndim == 2 else image
        resized = resize.transform(dict(img=image))['imgs'][0]
        tensor = torch.from_numpy(resized.transpose(2, 0, 1).copy())
        inputs = prepare(dict(inputs=[tensor]), False)['inputs'][0].numpy()
        number = key.removeprefix('image')
        size = np.array(resized.shape[:2])
        results |= {
            f'size{number}': (size, out(arrays, f'size{number}'), tolerance(spec, 'size')),
            f'input{number}': (
                inputs[:, ::2, ::2],
                out(arrays, f'input{number}'),
                tolerance(spec, 'input'),
            ),
        }
    return results


@handles('clip_es', 'tags*')
def tags(spec, arrays, folder):
    classes = VOCTaggedDataset.METAINFO['classes'][1:]
    with TemporaryDirectory() as root:
        objects = ''.join(
            f'<object><name>{name}</name></object>' for name in spec['config']['xml_objects']
        )
        Path(root, 'a.xml').write_text(f'<annotation>{objects}</annotation>')
        voc = names_to_ids(read_tag_xml(root, ['a'], True), classes, root)['a']
        Path(root, 'list.txt').write_text(spec['config']['coco_line'])
        (coco,) = read_tag_list([f'{root}/list.txt'], 80, 0).values()
    return {
        'voc': (np.array(voc), out(arrays, 'voc'), tolerance(spec)),
        'coco': (np.array(coco), out(arrays, 'coco'), tolerance(spec)),
    }
