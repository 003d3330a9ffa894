import torch

from mmwsss.ops.token_affinity import relative_cosines, token_affinity


def test_token_affinity():
    features = torch.randn(2, 8, 3, 4)
    affinity = token_affinity(features)
    assert affinity.shape == (2, 12, 12)
    torch.testing.assert_close(affinity, affinity.transpose(1, 2))
    torch.testing.assert_close(
        affinity[1, 2, 7], (features[1, :, 0, 2] @ features[1, :, 1, 3]).sigmoid()
    )


def test_relative_cosines_have_no_length_and_no_mean():
    features = torch.randn(2, 8, 3, 4)
    cosines = relative_cosines(features)
    assert cosines.shape == (2, 12, 12) and abs(cosines.mean()) < 1e-5
    torch.testing.assert_close(cosines, relative_cosines(7 * features))
