import pytest
import torch

from mmwsss.models import PCMHead


def head(**options):
    return PCMHead(
        **dict(
            num_classes=3,
            in_channels=(4, 6, 8),
            channels=(2, 3),
            embed_channels=5,
            **options,
        )
    )


def features(size=(6, 5)):
    return [torch.randn(2, c, *size, requires_grad=True) for c in (4, 6, 8)]


def test_shapes_and_background():
    output = head()(features(), torch.randn(2, 3, 48, 40))
    assert output.logits.shape == output.revised.shape == (2, 4, 6, 5)


def test_larger_inner_maps_are_averaged():
    inner, middle, last = features()
    large = [inner.repeat_interleave(2, 2).repeat_interleave(2, 3), middle, last]
    net, x = head().eval(), torch.randn(2, 3, 48, 40)
    torch.testing.assert_close(
        net(large, x).revised, net([inner, middle, last], x).revised, rtol=1e-4, atol=1e-5
    )


def test_inner_maps_get_no_gradient_and_logits_do():
    maps = features()
    net = head()
    net(maps, torch.randn(2, 3, 48, 40)).revised.sum().backward()
    assert maps[0].grad is None and maps[1].grad is None and maps[2].grad is not None
    assert all(p.grad is not None for p in net.parameters())


def test_published_initialisation():
    net = PCMHead(num_classes=20)
    net.init_weights()
    assert sum(p.numel() for p in net.parameters()) == 21 * 4096 + 64 * 512 + 128 * 1024 + 195 * 192
    bound = 4 * (6 / (195 + 192)) ** 0.5
    assert 0.99 * bound < net.embed.weight.abs().max() <= bound
    assert float(net.proj3.weight.std()) == pytest.approx((2 / 512) ** 0.5, rel=0.05)
    assert net.classifier.weight.abs().max() <= (6 / (4096 + 21)) ** 0.5


def test_refuses_other_numbers_of_maps():
    with pytest.raises(ValueError, match='three feature maps and two projections are expected'):
        PCMHead(num_classes=3, in_channels=(4, 6), channels=(2, 3))
