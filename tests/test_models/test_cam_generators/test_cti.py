"""CTI."""

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from mmwsss.models import CTI
from mmwsss.models.backbones import AttentionWatch
from mmwsss.models.cam_generators.cti import infuse_tokens
from mmwsss.registry import MODELS
from tests.test_models.test_cam_generators.test_mctformer import config, sample

INFUSED = {'loss_bg', 'loss_intra', 'loss_cross'}
TAGS = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
SAMPLES = [sample(row.tolist()) for row in TAGS]


def build(*, seed=0, drop_path=0.0, full=True, **options):
    torch.manual_seed(seed)
    options = dict(bg_class_blocks=2, infuse_block=1) | options
    cfg = config('CTI', background=True, **options)
    cfg['backbone']['drop_path_rate'] = drop_path
    model = MODELS.build(cfg).train()
    if full and model.memory is not None:
        model.memory.tokens.normal_()
        model.memory.seen.fill_(model.memory.size)
    return model


def views(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 3, 32, 32, generator=generator) for _ in range(2)]


def gradients(model, losses):
    model.zero_grad()
    sum(losses.values()).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def four_passes(model, weak, strong, tags):
    """As published: every pass through the whole network, one after the other."""
    net, stop = model.backbone, model.infuse_block + 1

    def run(images, infuse=None):
        x, grid = net.embed(images)
        last = AttentionWatch(classes_from=net.depth - model.bg_class_blocks)
        x = net.run(x, 0, stop, [last])
        tokens = x[:, : net.num_tokens]
        if infuse is not None:
            x = infuse_tokens(x, infuse, net.num_tokens)
        late = AttentionWatch(classes_from=stop, patches_from=stop)
        out = net.split(net.run(x, stop, net.depth, [late, last]), grid)
        raw = model.head(out.patches)
        return dict(
            tokens=tokens,
            scores=model.scores(out.tokens, raw),
            cams=raw.relu(),
            late=late.classes.unflatten(-1, grid),
            last=last.classes.unflatten(-1, grid),
            patches=late.patches,
        )

    first, second = run(weak), run(strong)
    third = run(weak, second['tokens'])
    own = first['tokens'][:, 1:].detach()
    model.memory.update(own, tags)
    fourth = run(weak, model.memory.recall(own, tags))
    loss = nn.functional.multilabel_soft_margin_loss
    scores = (*first['scores'], *second['scores'])
    names = ('loss_cls', 'loss_patch', 'loss_cls_strong', 'loss_patch_strong')
    losses = {n: loss(s, tags) for n, s in zip(names, scores, strict=True)}
    losses['loss_bg'] = model.loss_bg(first['cams'], first['last'], first['patches'], tags)
    losses['loss_intra'] = model.loss_intra(first['cams'], third['cams'])
    crossed = fourth['cams'] * fourth['late']
    losses['loss_cross'] = model.loss_cross(first['cams'][:, 1:], crossed[:, 1:])
    return losses


@pytest.mark.parametrize('share', [False, True])
@pytest.mark.parametrize('blocks', [2, 4])
def test_one_batch_is_four_passes(share, blocks):
    """Losses, gradients and memory, with no branch left out."""
    model, plain = (build(share_prefix=s, bg_class_blocks=blocks) for s in (share, False))
    losses = model.loss(views(), SAMPLES)
    expected = four_passes(plain, *views(), TAGS)
    assert list(losses) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, rtol=1e-5, atol=1e-6)
    got, wanted = gradients(model, losses), gradients(plain, expected)
    for name, value in wanted.items():
        torch.testing.assert_close(got[name], value, rtol=1e-4, atol=1e-6, msg=name)
    assert torch.equal(model.memory.seen, plain.memory.seen)
    torch.testing.assert_close(model.memory.tokens, plain.memory.tokens)


def test_prefix_is_run_again_where_branches_are_left_out_at_random(monkeypatch):
    """Beyond the blocks that never are; sharing more has to be asked for."""
    for drop_path, share, expected in (
        (0.0, False, [4, 4, 8, 8]),
        (0.3, False, [4, 4, 4, 8, 8]),
        (0.3, True, [4, 4, 8, 8]),
    ):
        model, sizes = build(drop_path=drop_path, share_prefix=share), []
        run = type(model.backbone.layers[0]).forward

        def counted(self, x, *args, run=run, sizes=sizes, **kwargs):
            sizes.append(len(x))
            return run(self, x, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(type(model.backbone.layers[0]), 'forward', counted)
            model.loss(views(), SAMPLES)
        assert sizes == expected


def test_infusion_by_hand():
    x, tokens = torch.randn(2, 5, 4), torch.randn(2, 3, 4)
    got = infuse_tokens(x, tokens, 3)
    torch.testing.assert_close(got[:, :3], (x[:, :3] + tokens) / 2)
    assert torch.equal(got[:, 3:], x[:, 3:])
    got = infuse_tokens(x, tokens[:, 1:], 3)
    assert torch.equal(got[:, :1], x[:, :1])
    torch.testing.assert_close(got[:, 1:3], (x[:, 1:3] + tokens[:, 1:]) / 2)


def test_own_tokens_change_nothing():
    """CTI, acceptance check 5."""
    net = build().backbone.eval()
    x, _ = net.embed(views()[0])
    x = net.run(x, 0, 2)
    again = infuse_tokens(x, x[:, : net.num_tokens], net.num_tokens)
    assert torch.equal(net.run(again, 2, 4), net.run(x, 2, 4))


def test_cross_waits_for_the_memory():
    """CTI, acceptance check 8."""
    model = build(full=False, memory_size=2)
    assert set(model.loss(views(), SAMPLES)) & INFUSED == {'loss_bg', 'loss_intra'}
    assert model.memory.seen.tolist() == [1, 1, 1]
    assert set(model.loss(views(), SAMPLES)) >= INFUSED


def test_losses_begin_at_an_epoch():
    model = build(infuse_begin=2, full=False)
    hub = MessageHub.get_current_instance()
    try:
        for epoch in range(4):
            hub.update_info('epoch', epoch)
            losses = model.loss(views(), SAMPLES)
            assert ('loss_bg' in losses) == ('loss_intra' in losses) == (epoch >= 2)
            assert bool(model.memory.seen.any()) == (epoch >= 2)
    finally:
        hub.update_info('epoch', 0)


@pytest.mark.parametrize('left_out', sorted(INFUSED))
def test_losses_can_be_left_out(left_out):
    model = build(**{left_out: None})
    assert set(model.loss(views(), SAMPLES)) & INFUSED == INFUSED - {left_out}
    assert (model.memory is None) == (left_out == 'loss_cross')


def test_every_parameter_learns_from_the_first_step():
    """Or several processes would wait for each other."""
    for options in (dict(infuse_begin=1), dict(full=False), dict()):
        model = build(**options)
        sum(model.loss(views(), SAMPLES).values()).backward()
        assert all(p.grad is not None for p in model.parameters())


def test_photos_without_tags():
    model = build()
    losses = model.loss(views(), [sample([0, 0, 0])] * 2)
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_mixed_precision():
    model = build()
    with torch.autocast('cpu', torch.bfloat16):
        losses = model.loss(views(), SAMPLES)
    assert all(losses[name].dtype == torch.float32 for name in INFUSED)
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_memory_is_in_the_state():
    model = build(full=False)
    model.loss(views(), SAMPLES)
    other = build(seed=3, full=False)
    other.load_state_dict(model.state_dict(), strict=True)
    assert torch.equal(other.memory.means(), model.memory.means())


def test_inputs_of_one_view():
    with pytest.raises(ValueError, match=r'weak and strong, found \(2, 3, 32, 32\); .* TwoViews'):
        build().loss(views()[0], SAMPLES)
    with pytest.raises(ValueError, match='weak and strong, found 1'):
        build().loss(views()[:1], SAMPLES)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(infuse_block=3), r'infuse_block must be 0 to 2 .* found 3 and 2'),
        (dict(bg_class_blocks=5), r'bg_class_blocks 1 to 4 .* found 1 and 5'),
        (dict(infuse_begin=-1), 'an epoch, at least 0, found -1'),
    ],
)
def test_refused(options, message):
    cfg = config('CTI', background=True, **(dict(bg_class_blocks=2, infuse_block=1) | options))
    with pytest.raises(ValueError, match=message):
        MODELS.build(cfg)


def test_needs_a_background_token():
    with pytest.raises(ValueError, match='background=True'):
        MODELS.build(config('CTI', infuse_block=1, bg_class_blocks=2))


def test_registered():
    assert isinstance(build(), CTI)
