"""CAM head."""

import torch

from mmwsss.models import CAMHead


def test_projection_and_maps():
    head = CAMHead(in_channels=6, num_classes=4, proj_channels=5)
    feature, cam = head(torch.randn(2, 6, 3, 7))
    assert feature.shape == (2, 5, 3, 7) and (feature >= 0).all()
    assert cam.shape == (2, 4, 3, 7)
    assert set(head.state_dict()) == {'proj.weight', 'classifier.weight'}


def test_without_projection():
    head = CAMHead(in_channels=6, num_classes=4, bias=True)
    x = torch.randn(1, 6, 3, 3)
    feature, cam = head(x)
    assert feature is x and cam.shape == (1, 4, 3, 3)
    assert set(head.state_dict()) == {'classifier.weight', 'classifier.bias'}


def test_mean_of_maps_is_score_of_mean_feature():
    head = CAMHead(in_channels=6, num_classes=4, bias=True)
    x = torch.randn(2, 6, 3, 5)
    pooled = head(x.mean((2, 3), keepdim=True))[1].flatten(1)
    torch.testing.assert_close(head(x)[1].mean((2, 3)), pooled)


def test_xavier_uniform_by_default():
    torch.manual_seed(0)
    head = CAMHead(in_channels=300, num_classes=20)
    head.init_weights()
    bound = (6 / 320) ** 0.5
    weight = head.classifier.weight
    assert weight.abs().max() <= bound and weight.abs().max() > 0.95 * bound
