import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import SAM, CAMGenerator, CAMHead
from mmwsss.models.sam.sizes import parse_sizes
from mmwsss.registry import MODELS
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam, tiny_state

SIDE = SIZES['image_size']


@pytest.fixture(scope='module')
def sam():
    return tiny_sam()


@pytest.fixture(scope='module')
def embeddings():
    return torch.randn(3, 32, 8, 8, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def one_by_one(sam, embeddings, image, points, labels, boxes):
    """Answers of the package, a prompt at a time."""
    module, masks, ious = sam.module, [], []
    for row, where, kind, box in zip(image, points, labels, boxes, strict=True):
        pair = (torch.as_tensor(where)[None], torch.as_tensor(kind)[None].float())
        sparse, dense = module.prompt_encoder(
            points=pair if len(where) else None,
            boxes=None if box is None else torch.as_tensor(box)[None],
            masks=None,
        )
        logits, iou = module.mask_decoder.predict_masks(
            embeddings[row : row + 1], module.prompt_encoder.get_dense_pe(), sparse.float(), dense
        )
        masks.append(logits)
        ious.append(iou[:, 1:])
    return torch.cat(masks), torch.cat(ious)


prompt = st.tuples(
    st.integers(0, 2),
    st.lists(
        st.tuples(st.floats(0, SIDE), st.floats(0, SIDE), st.sampled_from((-1, 0, 1))),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)


@settings(max_examples=15, deadline=None)
@given(prompts=st.lists(prompt, min_size=1, max_size=6), at_a_time=st.integers(1, 7))
def test_batched_decode_equals_one_by_one(sam, embeddings, prompts, at_a_time):
    image = [row for row, _, _ in prompts]
    points = [np.array([p[:2] for p in own]) for _, own, _ in prompts]
    labels = [np.array([p[2] for p in own]) for _, own, _ in prompts]
    boxes = [np.array([3.0, 5, 70, 90]) if box else None for *_, box in prompts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SAM, 'prompts_per_pass', at_a_time)
        got = sam.decode(
            embeddings,
            sam.prompts(image, points, labels=labels, boxes=boxes),
            outputs=(0, 1, 2, 3),
        )
    logits, iou = one_by_one(sam, embeddings, image, points, labels, boxes)
    torch.testing.assert_close(got.logits, logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(got.iou, iou, rtol=1e-4, atol=1e-4)


def test_filling_up_with_padding_points_changes_masks(sam, embeddings):
    """What :class:`Prompts` avoids."""
    points = [np.array([[40.0, 50]]), np.random.RandomState(0).rand(4, 2) * SIDE]
    exact = sam.decode(embeddings, sam.prompts([0, 0], points)).logits[0]
    filled = [np.concatenate([points[0], np.zeros((3, 2))]), points[1]]
    labels = [np.array([1, -1, -1, -1]), np.ones(4, int)]
    naive = sam.decode(embeddings, sam.prompts([0, 0], filled, labels=labels)).logits[0]
    assert (exact - naive).abs().max() > 1e-2


def test_some_outputs_are_part_of_all(sam, embeddings):
    prompts = sam.prompts([2, 0], [np.array([[9.0, 90]]), np.array([[3.0, 4], [50, 60]])])
    every = sam.decode(embeddings, prompts)
    one = sam.decode(embeddings, prompts, outputs=(3,), with_iou=False)
    torch.testing.assert_close(one.logits, every.logits[:, 2:], rtol=1e-5, atol=1e-5)
    assert one.iou is None and every.iou.shape == (2, 3)


def test_encode_equals_the_package(sam):
    rng = np.random.RandomState(0)
    sizes = ((SIDE, SIDE), (SIDE, 90), (51, SIDE))
    images = [torch.from_numpy(rng.randint(0, 256, (3, *size), np.uint8)) for size in sizes]
    together = sam.encode(images)
    assert together.shape == (3, 32, 8, 8)
    with torch.no_grad():
        for got, image in zip(together, images, strict=True):
            expected = sam.module.image_encoder(sam.module.preprocess(image.float())[None])[0]
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
    parts = tiny_sam(images_per_pass=2).encode(images)
    torch.testing.assert_close(parts, together, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('input_size, size', [((128, 128), (40, 50)), ((128, 77), (300, 180))])
def test_upscale_equals_the_package(sam, input_size, size):
    logits = torch.randn(2, 3, 32, 32)
    expected = sam.module.postprocess_masks(logits, input_size, size)
    got = sam.upscale(logits, input_size, size)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_budget_sets_how_much_at_a_time():
    small, large = SAM(arch=SIZES, memory_gib=1e-4), SAM(arch=SIZES, memory_gib=4)
    assert small.prompts_per_pass == 1 < large.prompts_per_pass
    assert small.masks_per_pass((500, 500)) == 1 < large.masks_per_pass((50, 50))


def test_frozen_and_outside_of_models(sam, tmp_path):
    """No parameters, no entries in checkpoints, no train mode, one SAM for copies."""
    model = CAMGenerator(torch.nn.Identity(), CAMHead(in_channels=3, num_classes=2))
    names = list(model.state_dict())
    model.sam = sam
    copied = copy.deepcopy(model)
    assert copied.sam is sam and list(model.state_dict()) == names
    assert len(list(model.parameters())) == 1
    model.train()
    assert not sam.module.training and not any(p.requires_grad for p in sam.module.parameters())


def test_half_precision():
    half = tiny_sam(dtype='bfloat16')
    full = tiny_sam()
    image = torch.randint(0, 256, (1, 3, SIDE, SIDE), dtype=torch.uint8)
    point = [np.array([[40.0, 70]])]
    logits = []
    for one in (half, full):
        embedding = one.encode(image)
        assert embedding.dtype == one.dtype
        answer = one.decode(embedding, one.prompts([0], point))
        assert answer.logits.dtype == torch.float32
        logits.append(answer.logits)
    assert F.cosine_similarity(*(x.flatten(1) for x in logits)) > 0.99
    assert half.protocol()['dtype'] == 'bfloat16'


def test_checkpoint_is_read_as_it_is(tmp_path):
    path = tmp_path / 'sam.pth'
    torch.save(tiny_state(salt='x'), path)
    sam = MODELS.build(dict(type='SAM', arch=SIZES, checkpoint=str(path)))
    for name, value in tiny_state(salt='x').items():
        assert torch.equal(sam.module.state_dict()[name], value), name
    record = sam.protocol()
    assert len(record['checkpoint']) >= 16 and record['depth'] == 2
    assert SAM(arch=SIZES).protocol()['checkpoint'] == ''


def test_the_file_says_which_sam_it_is(tmp_path):
    wide = {**SIZES, 'embed_dims': 32}
    torch.save(tiny_state(wide, salt='x'), tmp_path / 'sam.pth')
    sam = SAM(arch='auto', checkpoint=tmp_path / 'sam.pth')
    assert sam.sizes == parse_sizes(wide)
    for name, value in tiny_state(wide, salt='x').items():
        assert torch.equal(sam.module.state_dict()[name], value), name
    with pytest.raises(ValueError, match="found 'auto', which a checkpoint of its own must tell"):
        SAM(arch='auto')


def test_checkpoint_of_another_size(tmp_path):
    path = tmp_path / 'sam.pth'
    torch.save(tiny_state({**SIZES, 'embed_dims': 32}), path)
    with pytest.raises(ValueError) as error:
        SAM(arch=SIZES, checkpoint=path)
    text = str(error.value)
    assert text.startswith(f'{path}: a SAM of other sizes: embed_dims 32 found, 16 expected')
    assert 'set arch=dict(embed_dims=32' in text


@pytest.mark.parametrize(
    'content, message',
    [
        ({'fc8.weight': torch.zeros(1)}, r'sam\.pth: no SAM checkpoint: .*\(found fc8\.weight'),
        ([1, 2], r'sam\.pth: .*expected a state dict of tensors, found list'),
        ({'a': print}, r'sam\.pth: .*cannot be read as weights'),
    ],
)
def test_checkpoint_of_another_type(tmp_path, content, message):
    torch.save(content, tmp_path / 'sam.pth')
    with pytest.raises(ValueError, match=message):
        SAM(arch=SIZES, checkpoint=tmp_path / 'sam.pth')


def test_file_that_is_no_checkpoint(tmp_path):
    (tmp_path / 'sam.pth').write_bytes(b'<html>')
    with pytest.raises(ValueError, match=r'sam\.pth is a web page'):
        SAM(arch=SIZES, checkpoint=tmp_path / 'sam.pth')
    with pytest.raises(FileNotFoundError, match=r'gone\.pth: no such SAM checkpoint'):
        SAM(arch=SIZES, checkpoint=tmp_path / 'gone.pth')


def test_entries_missing_or_added(sam):
    state = tiny_state()
    state['mask_decoder.more'] = torch.zeros(1)
    with pytest.raises(ValueError, match=r'here: no checkpoint of segment-anything 1\.0'):
        SAM(arch=SIZES).load_state_dict(state, where='here: ')


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(dtype='int8'), "float32, float16, bfloat16, found 'int8'"),
        (dict(images_per_pass=0), 'images_per_pass is at least 1, found 0'),
        (dict(memory_gib=0), 'memory_gib is positive, found 0'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SAM(arch=SIZES, **options)


def test_image_too_large(sam):
    with pytest.raises(ValueError, match='at most 128 pixels are expected, found 129 x 4'):
        sam.encode(torch.zeros(1, 3, 4, 129))


def test_a_device_under_another_name_keeps_the_decoder(sam):
    """Like 'cuda' and 'cuda:0'."""
    decoder = sam.decoder
    assert torch.device('cpu:0') != sam.device
    assert sam.to('cpu:0').decoder is decoder
