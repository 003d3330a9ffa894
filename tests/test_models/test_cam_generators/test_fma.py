"""``FMA``: training, inference, and what it refuses."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import FMA
from mmwsss.registry import MODELS
from mmwsss.stores import StoreMeta, create_store
from mmwsss.structures import Proposals
from tests.test_models.test_clip.tiny_clip import PREPROCESSOR, SIZES, tiny_clip

NAMES, BACKGROUND = ['cat', 'dog', 'car'], ['sky', 'grass']


def model_of(clip=None, prompts=None, **options):
    prompts = {**dict(names=NAMES, background=BACKGROUND, length=4, seed='a'), **(prompts or {})}
    return FMA(clip or tiny_clip(), prompts, **{**dict(num_classes=3), **options})


def sample_of(tags=(1, 0, 0), size=(30, 40), name='photo', label=None, proposals=None):
    sample = SegDataSample(metainfo=dict(ori_shape=size, img_id=name))
    sample.gt_label = torch.tensor(tags, dtype=torch.float32)
    if label is not None:
        sample.pseudo_mask = PixelData(data=label[None])
    if proposals is not None:
        sample.set_field(proposals, 'proposals')
    return sample


def boxes_of(count, size=(30, 40)):
    masks = np.zeros((count, *size), bool)
    for index, mask in enumerate(masks):
        mask[:, index * 10 : index * 10 + 10] = True
    zeros = np.zeros(count)
    return Proposals.from_masks(masks, iou=zeros, stability=zeros, level=zeros)


# Maps ---------------------------------------------------------------------------------


def test_a_batch_is_its_images_in_row_major_order():
    model, x = model_of().eval(), torch.randn(2, 3, 32, 24)
    tags = torch.tensor([[1.0, 0, 1], [0, 1, 1]])
    with torch.no_grad():
        text = model.text_features()
        together = model.grad_cam(model.clip.encode(x), tags, text)
        alone = [
            model.grad_cam(model.clip.encode(x[i : i + 1]), tags[i : i + 1], text) for i in (0, 1)
        ]
    assert together.shape == (4, 4, 3)
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-3, atol=1e-7)


def test_tensor_mode_has_all_classes():
    logits, cam = model_of().eval()(torch.randn(2, 3, 32, 24), mode='tensor')
    assert logits.shape == (2, 3) and cam.shape == (2, 3, 4, 3)


def test_text_features_are_kept_until_the_context_changes():
    model = model_of().eval()
    calls, encode = [], model._encode_prompts
    model._encode_prompts = lambda: calls.append(1) or encode()
    with torch.no_grad():
        first = model.text_features()
        assert model.text_features() is first and len(calls) == 1
        model.prompt.ctx.mul_(2)
        assert not torch.equal(model.text_features(), first) and len(calls) == 2
    model.train()
    assert model.text_features().requires_grad
    assert model.text_features() is not model.text_features()


# Training -----------------------------------------------------------------------------


def test_classification_prompts_learn():
    model = model_of(loss_contrastive=dict(type='MultiLabelContrastiveLoss')).train()
    assert [name for name, _ in model.named_parameters()] == ['prompt.ctx']
    x, samples = torch.randn(4, 3, 32, 32), [sample_of((1, 0, 0)), sample_of((0, 1, 1))] * 2
    optimizer, values = torch.optim.SGD(model.parameters(), lr=0.05), []
    for _ in range(8):
        losses = model(x, samples, mode='loss')
        assert set(losses) == {'loss_contrastive'}
        optimizer.zero_grad()
        losses['loss_contrastive'].backward()
        optimizer.step()
        values.append(float(losses['loss_contrastive']))
    assert values[-1] < values[0]


@pytest.mark.parametrize('parts', [1, 2])
def test_segmentation_prompts(parts):
    """Sub-batches average the losses of the parts."""
    label = torch.zeros(32, 32, dtype=torch.int64)
    label[:16], label[20:, :4] = 1, 255
    samples = [sample_of((1, 0, 0), label=label), sample_of((1, 0, 1), label=label * 0)]
    x, clip = torch.randn(2, 3, 32, 32), tiny_clip()
    build = dict(loss_cam=dict(type='CAMActivationLoss'))
    model = model_of(clip, sub_batches=parts, **build).train()
    losses = model(x, samples, mode='loss')
    assert set(losses) == {'loss_cam_fg', 'loss_cam_bg'}
    sum(losses.values()).backward()
    single = model_of(clip, **build).train()
    if parts == 2:
        expected = [single(x[i : i + 1], samples[i : i + 1], mode='loss') for i in (0, 1)]
        for name, value in losses.items():
            torch.testing.assert_close(value, (expected[0][name] + expected[1][name]) / 2)
    assert model.prompt.ctx.grad.abs().sum() > 0


def test_tags_of_the_crop():
    """The photo's class that the crop has lost gives no map; unlabelled pixels are no class."""
    label = torch.zeros(32, 32, dtype=torch.int64)
    label[:8], label[8] = 3, 255
    model = model_of(loss_cam=dict(type='CAMActivationLoss'), tags_of_crop=True).train()
    assert model._present(label[None]).tolist() == [[0, 0, 1]]
    x = torch.randn(1, 3, 32, 32)
    losses = model(x, [sample_of((1, 1, 1), label=label)], mode='loss')
    plain = model_of(model.clip, loss_cam=dict(type='CAMActivationLoss')).train()
    expected = plain(x, [sample_of((0, 0, 1), label=label)], mode='loss')
    torch.testing.assert_close(losses, expected)


def test_no_present_class_in_a_batch():
    """A loss of 0 with a gradient of 0, as for a crop that is all background."""
    label = torch.zeros(32, 32, dtype=torch.int64)
    model = model_of(
        loss_cam=dict(type='CAMActivationLoss'),
        loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
        tags_of_crop=True,
    ).train()
    losses = model(torch.randn(1, 3, 32, 32), [sample_of((0, 0, 0), label=label)], mode='loss')
    assert {float(value) for value in losses.values()} == {0.0}
    sum(losses.values()).backward()
    assert model.prompt.ctx.grad.abs().sum() == 0


def test_autocast_keeps_the_losses_in_float32():
    label = torch.ones(32, 32, dtype=torch.int64)
    model = model_of(
        loss_cam=dict(type='CAMActivationLoss'),
        loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
    ).train()
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(torch.randn(1, 3, 32, 32), [sample_of(label=label)], mode='loss')
    sum(losses.values()).backward()
    assert all(value.dtype == torch.float32 for value in losses.values())
    assert model.prompt.ctx.grad.isfinite().all()


# Inference ----------------------------------------------------------------------------


@pytest.mark.parametrize('caa', [None, dict(threshold=0.4, source='score', layers=2)])
def test_seeds(caa):
    model = model_of(test_cfg=dict(caa=caa)).eval()
    samples = [sample_of((1, 0, 1), name='a'), sample_of((0, 0, 0), name='b')]
    model(torch.randn(2, 3, 32, 40), samples, mode='predict')
    seeds = samples[0].seeds
    assert seeds.classes.tolist() == [0, 2] and seeds.scores.shape == (2, 30, 40)
    assert seeds.scores.max() > 0.9
    assert samples[1].seeds.scores.shape == (0, 30, 40)
    for sample in samples:
        assert sample.tag_scores.shape == (3,) and sample.tag_scores.min() >= 0
    assert 'pred_sem_seg' not in samples[0]


@pytest.mark.parametrize('count', [0, 1, 4])
def test_seeding_in_one_go(count):
    """No proposal, or a single one: all background."""
    seeding = dict(type='SAMSeeding', power=0.7)
    model = model_of(
        seeding=seeding, test_cfg=dict(caa=dict(threshold=0.4, source='cam', layers=2))
    )
    sample, untagged = (
        sample_of(tags, proposals=boxes_of(count)) for tags in ((1, 0, 1), (0, 0, 0))
    )
    model.eval()(torch.randn(2, 3, 32, 40), [sample, untagged], mode='predict')
    labels = sample.pred_sem_seg.data
    assert labels.shape == (1, 30, 40) and not untagged.pred_sem_seg.data.any()
    assert set(labels.unique().tolist()) <= {0, 1, 3} and (bool(labels.any()) or count < 2)
    output = model.store_output()
    record = output.protocol
    assert output.kinds == ('scores', 'masks') and output.refiner['type'] == 'SAMSeeding'
    assert record['caa']['threshold'] == 0.4
    assert record['seeds_of'] == 'image-level labels' and record['clip']['patch'] == 8


def test_raw_maps_are_kept_on_request_and_seed_as_in_one_go(tmp_path):
    """What a store gives back makes the same masks as the model itself, at any power."""
    caa = dict(threshold=0.4, source='cam', layers=2)
    torch.manual_seed(3)
    x, clip = torch.randn(2, 3, 32, 40), tiny_clip()
    for power in (0.3, 1.0):
        seeding = dict(type='SAMSeeding', power=power)
        model = model_of(clip, seeding=seeding, test_cfg=dict(caa=caa, keep_raw=True)).eval()
        sample = sample_of((1, 0, 1), proposals=boxes_of(4))
        untagged = sample_of((0, 0, 0), proposals=boxes_of(4))
        model(x, [sample, untagged], mode='predict')
        assert sample.seeds.raw.shape == (2, 4, 5) and untagged.seeds.raw is None
        assert sample.seeds.raw.max() < 0.01 < sample.seeds.scores.max()  # on its own scale
        store = create_store(tmp_path / str(power), StoreMeta('scores', tuple('abc'), 'x'))
        store.write('x', sample.seeds)
        photo = np.zeros((30, 40, 3), np.uint8)
        mask = model.seeding(photo, store['x'], boxes_of(4))
        np.testing.assert_array_equal(mask, sample.pred_sem_seg.data[0].numpy())
        store.close()
        assert 'keep_raw' not in model.protocol()
    plain = sample_of((1, 0, 1))
    model_of(clip, test_cfg=dict(caa=caa)).eval()(x, [plain, sample_of()], mode='predict')
    assert plain.seeds.raw is None
    np.testing.assert_array_equal(plain.seeds.scores, sample.seeds.scores)


def test_predicted_tags():
    model = model_of(test_cfg=dict(use_tags=False, tag_threshold=0.0)).eval()
    sample = SegDataSample(metainfo=dict(ori_shape=(30, 40)))
    model(torch.randn(1, 3, 32, 40), [sample], mode='predict')
    assert sample.seeds.classes.tolist() == [0, 1, 2]


def test_checkpoints_hold_the_context_alone():
    model = model_of()
    state = model.state_dict()
    assert set(state) == {'prompt.ctx', 'prompt._extra_state'}
    model_of().load_state_dict(state)


# Bad input ----------------------------------------------------------------------------


def test_prompts_and_classes_of_different_number():
    with pytest.raises(ValueError, match=r'3 names of prompts for 4 classes \(cat, dog, car\)'):
        model_of(num_classes=4)
    model = model_of(loss_contrastive=dict(type='MultiLabelContrastiveLoss')).train()
    with pytest.raises(ValueError, match=r'photo: the image-level labels have shape \(4,\)'):
        model(torch.randn(1, 3, 32, 32), [sample_of((1, 0, 0, 0))], mode='loss')


def test_clip_of_another_architecture(tmp_path):
    torch.save(tiny_clip(vision_layers=2).module.state_dict(), tmp_path / 'clip.pt')
    cfg = dict(type='CLIP', arch=SIZES, checkpoint=str(tmp_path / 'clip.pt'))
    with pytest.raises(ValueError, match='clip.pt: a CLIP of other sizes: vision_layers 2 found'):
        model_of(cfg)


def test_refused():
    for cfg, message in (
        (dict(threshold=0.4), "threshold, source and perhaps others .* found .'threshold'"),
        (dict(threshold=0.4, source='cam', boxes=1), 'threshold, source and perhaps'),
        (dict(threshold=2.0, source='cam'), 'threshold in'),
    ):
        with pytest.raises(ValueError, match=message):
            model_of(test_cfg=dict(caa=cfg))
    with pytest.raises(ValueError, match=r"unknown keys \['flip'\]"):
        model_of(test_cfg=dict(flip=True))
    with pytest.raises(ValueError, match='tags_of_crop reads the pseudo mask'):
        model_of(tags_of_crop=True)
    with pytest.raises(ValueError, match='sub_batches is at least 1, found 0'):
        model_of(sub_batches=0)
    x = torch.randn(1, 3, 32, 32)
    model = model_of(loss_cam=dict(type='CAMActivationLoss'), sub_batches=2).train()
    with pytest.raises(ValueError, match='a batch of 1 images is not 2 equal parts'):
        model(x, [sample_of()], mode='loss')
    model = model_of(loss_cam=dict(type='CAMActivationLoss')).train()
    with pytest.raises(ValueError, match="photo: no pseudo mask; .*'LoadPseudoMask'"):
        model(x, [sample_of()], mode='loss')
    with pytest.raises(ValueError, match='FMA looks at one scale, the pipeline gives 2'):
        model.eval()([x, x], [sample_of()], mode='predict')
    model = model_of(seeding=dict(type='SAMSeeding', power=1.0)).eval()
    with pytest.raises(ValueError, match="photo: seeding needs proposals: .*'LoadProposals'"):
        model(x, [sample_of()], mode='predict')
    model = model_of(test_cfg=dict(caa=dict(threshold=0.4, source='cam'))).eval()
    with pytest.raises(ValueError, match='attention of 8 blocks is wanted, this CLIP has 3'):
        model(x, [sample_of()], mode='predict')


def test_built_from_a_config():
    cfg = dict(
        type='FMA',
        clip=dict(type='CLIP', arch=SIZES),
        prompts=dict(names=NAMES, length=4),
        num_classes=3,
        data_preprocessor=PREPROCESSOR,
    )
    with torch.device('meta'):
        model = MODELS.build(cfg)
    assert model.prompt.ctx.is_meta and model.clip.device.type == 'cpu'


# What it is for -----------------------------------------------------------------------


def squares(count, generator):
    """Noise with a coloured square of 2 x 2 patches for each tag, and where it is."""
    images = 0.3 * torch.randn(count, 3, 48, 48, generator=generator)
    places = torch.zeros(count, 3, 6, 6)
    for image, place in zip(images, places, strict=True):
        order = torch.randperm(3, generator=generator)
        for c in order[: int(torch.randint(1, 3, (1,), generator=generator))].tolist():
            row, column = torch.randint(0, 5, (2,), generator=generator).tolist()
            image[:, 8 * row : 8 * row + 16, 8 * column : 8 * column + 16] = -1
            image[c, 8 * row : 8 * row + 16, 8 * column : 8 * column + 16] = 2
            place[:, row : row + 2, column : column + 2] = 0
            place[c, row : row + 2, column : column + 2] = 1
    return images, (places.flatten(2).sum(-1) > 0).float(), places


def test_maps_find_what_single_patches_show():
    """From scratch: a CLIP, prompts, maps; chance would be a half."""
    arch = dict(SIZES, image_resolution=48, vision_layers=1, transformer_layers=1)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    teacher = MODELS.build(dict(type='CLIPPretrainer', arch=arch, names=['red', 'green', 'blue']))
    clip = tiny_clip(**arch)
    for part, lr in ((teacher, 3e-3), (None, 1e-3)):
        if part is None:
            clip.load_state_dict(teacher.clip.state_dict())
            prompts = dict(names=['red', 'green', 'blue'], background=['sky'], length=4, seed='a')
            part = FMA(
                clip,
                prompts,
                num_classes=3,
                loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
            )
        optimizer = torch.optim.AdamW(part.train().parameters(), lr=lr)
        for _ in range(50):
            images, tags, _ = squares(32, generator)
            samples = [SegDataSample(gt_label=own) for own in tags]
            loss = part(images, samples, mode='loss')['loss_contrastive']
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    images, tags, places = squares(64, generator)
    with torch.no_grad():
        cam = part.eval().grad_cam(clip.encode(images), tags, part.text_features())
    place = places[tags > 0]
    inside, outside = (
        (cam * where).sum((1, 2)) / where.sum((1, 2)) for where in (place, 1 - place)
    )
    assert (inside > outside).float().mean() > 0.65
