"""``CLIPPretrainer``."""

import pytest
import torch
from mmseg.structures import SegDataSample

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import CLIP
from mmwsss.registry import MODELS
from tests.test_models.test_clip.tiny_clip import PREPROCESSOR, SIZES


def build(stem=(), **options):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CLIPPretrainer',
            arch=dict(SIZES, vision_stem=stem),
            names=['cat', 'dog', 'car'],
            data_preprocessor=PREPROCESSOR,
            **options,
        )
    )


def samples_of(tags):
    return [SegDataSample(gt_label=torch.tensor(own, dtype=torch.float32)) for own in tags]


def test_learns_the_tags():
    model = build().train()
    x = torch.randn(3, 3, 32, 32)
    samples = samples_of([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(15):
        loss = model(x, samples, mode='loss')['loss_contrastive']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(p.grad is not None for p in model.parameters())
    model.eval()(x, samples, mode='predict')
    assert [int(s.tag_scores.argmax()) for s in samples] == [0, 1, 2]
    torch.testing.assert_close(samples[0].tag_scores.sum(), torch.tensor(1.0))


def test_image_feature_is_that_of_the_frozen_clip():
    """The same patch mean, so that prompts can be learnt for it."""
    model, x = build().eval(), torch.randn(2, 3, 32, 32)
    frozen = CLIP(arch=SIZES)
    frozen.load_state_dict(model.clip.state_dict())
    with torch.no_grad():
        image = frozen.encode(x)
        features = frozen.features(image.tokens, image.hidden)
        text = model.clip.encode_text(model.texts)
        expected = frozen.scale * torch.nn.functional.cosine_similarity(
            features[:, None], text, dim=-1
        )
        torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4)


def test_stem_starts_from_weights(tmp_path):
    """From a checkpoint whose backbone it is; what is learnt is what the frozen CLIP reads."""
    stem = 'test_efficientnet'
    trained = build(stem).clip.visual.conv1.stem.state_dict()
    trained = {f'backbone.{name}': value + 1 for name, value in trained.items()}
    torch.save(dict(state_dict=trained), tmp_path / 'cam.pth')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'cam.pth'), prefix='backbone.')
    model = build(stem, stem_init=init)
    model.init_weights()
    for name, value in model.clip.visual.conv1.stem.state_dict().items():
        torch.testing.assert_close(value, trained[f'backbone.{name}'])
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'clip.pth')
    CLIP(arch=dict(SIZES, vision_stem=stem), checkpoint=tmp_path / 'clip.pth')
    with pytest.raises(ValueError, match='stem_init is for a stem of timm'):
        build(stem_init=init)


def test_scale_is_limited():
    model = build()
    with torch.no_grad():
        model.clip.logit_scale.fill_(9.0)
    assert model(torch.randn(1, 3, 32, 32)).abs().max() <= 100.1


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode must be 'loss', 'predict' or 'tensor', found 'x'"):
        build()(torch.randn(1, 3, 32, 32), mode='x')
