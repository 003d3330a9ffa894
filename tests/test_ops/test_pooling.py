import torch

from mmwsss.ops.pooling import non_discriminative_pooling


def test_what_is_kept():
    cam = torch.tensor([[[[4.0, 1], [2, -2]], [[4, 1], [2, -2]]]], requires_grad=True)
    scores = non_discriminative_pooling(cam, torch.tensor([[1.0, 0]]), 0.4)
    assert scores.tolist() == [[-0.25, 1.25]]
    scores.sum().backward()
    assert cam.grad.tolist() == [[[[0, 0.25], [0, 0.25]], [[0.25] * 2] * 2]]
