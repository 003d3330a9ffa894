"""A tiny network of each method, with data to train and to test it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import (
    FMA,
    ICAM,
    RIB,
    S2C,
    AffinityNet,
    CAMGenerator,
    CAMHead,
    IRNet,
    PCMHead,
    ResNet38d,
    WSSSDataPreprocessor,
)
from mmwsss.registry import MODELS
from mmwsss.structures import BoxPrompts, Seeds

SIZE = (64, 96)
TAGS = ((1.0, 0, 1), (0.0, 1, 0))


class Method(NamedTuple):
    """A network, and batches as the data loader gives them; None where there is no such step."""

    model: BaseModel
    training: dict | None
    testing: dict | None


def images(count=2, size=SIZE, seed=0):
    """Smooth colour images with some structure, uint8."""
    coarse = torch.randn(count, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(coarse, size, mode='bicubic')
    return list((smooth * 60 + 128).clamp(0, 255).byte())


def samples(**maps):
    """Two tagged samples with label maps."""
    found = []
    for number, tags in enumerate(TAGS):
        meta = dict(img_id=f'x/{number}', img_shape=SIZE, ori_shape=SIZE)
        sample = SegDataSample(metainfo=meta)
        sample.gt_label = torch.tensor(tags)
        for name, value in maps.items():
            setattr(sample, name, PixelData(data=value[None].clone()))
        found.append(sample)
    return found


def batch(**maps):
    """Two images with their samples."""
    return dict(inputs=images(), data_samples=samples(**maps))


def bands(width, start=0):
    """A label map of vertical bands."""
    return (torch.arange(SIZE[1]) // width + start).repeat(SIZE[0], 1)


def seeded():
    """Two samples with seeds."""
    found = samples()
    for number, sample in enumerate(found):
        maps = np.random.default_rng(number).random((2 - number, *SIZE), np.float32)
        sample.seeds = Seeds(np.arange(2 - number), maps, size=SIZE)
    return dict(inputs=images(), data_samples=found)


def pair_labelled(stride):
    """Two samples with labels for affinities."""
    found, size = samples(), (SIZE[0] // stride, SIZE[1] // stride)
    for number, sample in enumerate(found):
        rng = np.random.default_rng(number)
        label = rng.choice(np.array([0, 1, 2, 255], np.uint8), size)
        sample.set_metainfo(dict(pair_label=label))
    return dict(inputs=images(), data_samples=found)


def resnet38d(**options):
    """A narrow one, with the features that several methods look at."""
    return ResNet38d(base_channels=2, **options)


def cam():
    """The baseline."""
    head = CAMHead(in_channels=128, num_classes=3)
    model = CAMGenerator(resnet38d(), head, data_preprocessor=WSSSDataPreprocessor())
    return Method(model, batch(), batch())


def s2c(decoder):
    """S2C from the epoch on in which it prompts."""
    head = CAMHead(in_channels=128, num_classes=3, proj_channels=8)
    options = dict(peak_distance=5, cpm_begin=0, data_preprocessor=WSSSDataPreprocessor())
    model = S2C(resnet38d(), head, point_decoder=decoder, **options)
    data = batch(segments=bands(8), regions=bands(12, 1))
    for sample in data['data_samples']:
        sample.set_metainfo(dict(region_scores=np.linspace(0, 1, 9, dtype=np.float32)))
    return Method(model, data, batch())


def s2c_with_sam():
    """S2C that prompts a SAM."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import tiny_sam

    return s2c(dict(type='SAMPointDecoder', sam=tiny_sam()))


def mctformer(kind='MCTformer', **options):
    """MCTformer, and what CTI shares with it."""
    from tests.test_models.test_cam_generators.test_mctformer import config

    model = MODELS.build(config(kind, background=kind == 'CTI', **options))
    return Method(model, batch(), batch())


def cti():
    """CTI with all of its losses."""
    model, data, testing = mctformer('CTI', bg_class_blocks=2, infuse_block=1)
    model.memory.tokens.normal_()
    model.memory.seen.fill_(model.memory.size)
    views = [images(), images(seed=1)]
    return Method(model, dict(inputs=views, data_samples=data['data_samples']), testing)


def icam():
    """ICAM with all of its losses."""
    head = PCMHead(num_classes=3, in_channels=(16, 32, 128), channels=(4, 6), embed_channels=8)
    head.init_weights()
    backbone = resnet38d(out_indices=(4, 5, 7))
    return Method(ICAM(backbone, head, data_preprocessor=WSSSDataPreprocessor()), batch(), batch())


def rib():
    """RIB, which is a test alone."""
    head = CAMHead(in_channels=128, num_classes=3)
    cfg = dict(steps=3, map_only=(1,))
    model = RIB(resnet38d(), head, test_cfg=cfg, data_preprocessor=WSSSDataPreprocessor())
    data = batch()
    data['inputs'] = [data['inputs'], images(size=(32, 48))]
    for sample in data['data_samples']:
        tags = torch.zeros(3, 2, 3)
        tags[..., 0] = 1
        others = torch.stack([torch.stack(images(seed=i)) for i in range(3)])
        boxes = torch.tensor([0, 0, *others.shape[-2:]]).expand(3, 2, 4)
        sample.set_metainfo(dict(disjoint=others, disjoint_tags=tags, disjoint_boxes=boxes))
    return Method(model, None, data)


def fma():
    """FMA with both of its losses and with spread maps."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_clip.tiny_clip import PREPROCESSOR, tiny_clip

    model = FMA(
        tiny_clip(),
        dict(names=['cat', 'dog', 'car'], background=['sky', 'grass'], length=4, seed='a'),
        num_classes=3,
        loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
        loss_cam=dict(type='CAMActivationLoss'),
        test_cfg=dict(caa=dict(threshold=0.4, source='cam', layers=2)),
        data_preprocessor=PREPROCESSOR,
    )
    return Method(model, batch(pseudo_mask=bands(24)), batch())


def clip_es():
    """CLIP-ES, which is a test alone."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_cam_generators.test_clip_es import build

    return Method(build(), None, batch())


def weclip():
    """WeCLIP, in phase 2."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_one_stage.test_weclip import build

    return Method(build(phase2=dict(after=0)), batch(), batch())


def weclip_plus():
    """WeCLIP+."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_one_stage.test_weclip_plus import build

    return Method(build(), batch(), batch())


def excel():
    """ExCEL, with all that is learnt."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_one_stage.test_excel import build

    return Method(build(learnt_after=0, own_labels_after=0), batch(), batch())


def clip_pretrainer():
    """The CLIP of one's own."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_stand_ins.test_clip_pretrainer import build

    data = dict(inputs=images(size=(32, 32)), data_samples=samples())
    return Method(build(), data, dict(inputs=data['inputs'], data_samples=samples()))


def psa():
    """AffinityNet."""
    model = AffinityNet(
        resnet38d(out_indices=(4, 5, 7)),
        in_channels=(16, 32, 128),
        channels=(4, 8, 16),
        test_cfg=dict(log_steps=3),
        data_preprocessor=WSSSDataPreprocessor(),
    )
    return Method(model, pair_labelled(8), seeded())


def irn():
    """IRN."""
    backbone = dict(
        type='mmpretrain.ResNet',
        depth=18,
        stem_channels=8,
        base_channels=8,
        strides=(1, 2, 2, 1),
    )
    model = IRNet(
        backbone,
        in_channels=(8, 8, 16, 32, 64),
        radius=4,
        test_cfg=dict(pad_to=None, log_steps=3),
        data_preprocessor=WSSSDataPreprocessor(),
    )
    return Method(model, pair_labelled(4), seeded())


def prompted():
    """Two samples with boxes."""
    found = samples(objects=bands(48, 0))
    boxes = np.array([[0.1, 0.1, 0.6, 0.7], [0.5, 0.2, 0.9, 0.9]])
    for sample in found:
        prompts = BoxPrompts(boxes, np.array([0.9, 0.5]), np.array([0, 2]), SIZE)
        sample.set_field(prompts, 'prompts')
    return found


def co2sam():
    """Co2SAM."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_one_stage.test_co2sam import adapt, build

    views = [images(), images(seed=1)]
    training = dict(inputs=views, data_samples=prompted())
    return Method(adapt(build()), training, dict(inputs=views[0], data_samples=prompted()))


def sam_from_masks():
    """A SAM learnt from masks."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import SIZES

    side = SIZES['image_size']
    cfg = dict(type='SAMDataPreprocessor', side=side)
    model = MODELS.build(dict(type='SAMFromMasks', arch=SIZES, data_preprocessor=cfg))
    data = [dict(inputs=images(), data_samples=prompted()) for _ in range(2)]
    return Method(model, *data)


def toco():
    """ToCo with all of its losses."""
    from tests.test_models.test_one_stage.test_toco import build

    training = dict(inputs=[images(seed=seed) for seed in range(3)], data_samples=samples())
    return Method(build(test_cfg=dict(seeds=True)), training, batch())


def dupl():
    """The descendant of ToCo in projects/."""
    from projects.dupl.dupl import DuPL
    from tests.test_models.test_one_stage.test_toco import NETWORK

    options = dict(segment_from=0, tested='peer', data_preprocessor=WSSSDataPreprocessor())
    return Method(DuPL(network=NETWORK, **options), batch(), batch())


def segmentor():
    """ICAM's second stage."""
    from tests.test_models.test_segmentors.test_similarity_segmentor import build

    return Method(build(), batch(gt_sem_seg=bands(24)), batch())


METHODS: dict[str, Callable[[], Method]] = {
    'cam': cam,
    's2c-regions': lambda: s2c(dict(type='RegionPointDecoder')),
    's2c-sam': s2c_with_sam,
    'mctformer': mctformer,
    'cti': cti,
    'icam': icam,
    'rib': rib,
    'fma': fma,
    'clip-es': clip_es,
    'excel': excel,
    'weclip': weclip,
    'weclip-plus': weclip_plus,
    'clip-pretrainer': clip_pretrainer,
    'psa': psa,
    'irn': irn,
    'co2sam': co2sam,
    'sam-from-masks': sam_from_masks,
    'toco': toco,
    'dupl': dupl,
    'segmentor': segmentor,
}


def build(name):
    """One of the methods, with the same random weights every time."""
    torch.manual_seed(0)
    return METHODS[name]()


def losses(method):
    """Losses of the training batch, in training mode."""
    torch.manual_seed(0)
    model = method.model.train()
    return model(**model.data_preprocessor(method.training, True), mode='loss')
