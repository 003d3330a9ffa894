"""The second device refuses what a GPU refuses."""

import pickle

import pytest
import torch

from tests.elsewhere import DEVICE, elsewhere


@pytest.fixture(autouse=True)
def inside():
    with elsewhere():
        yield


def there(*shape):
    return torch.randn(*shape).to(DEVICE)


@pytest.mark.parametrize(
    'wrong',
    [
        lambda: there(2) + torch.zeros(2),
        lambda: torch.stack([there(), torch.zeros(())]),
        lambda: torch.nn.Linear(2, 2)(there(1, 2)),
        lambda: torch.zeros(2)[there(2) > 0],
        lambda: torch.rand(2, device=DEVICE, generator=torch.Generator()),
        lambda: there(2).numpy(),
        lambda: pickle.dumps(there(2)),
    ],
)
def test_refuses(wrong):
    with pytest.raises((RuntimeError, TypeError)):
        wrong()


def test_holds_values():
    layer = torch.nn.Linear(2, 1).to(DEVICE)
    layer(there(3, 2)).sum().backward()
    assert layer.weight.grad.device == DEVICE and layer.bias.grad.tolist() == [3]
    x = torch.arange(4.0, device=DEVICE)
    x[1:][x[1:] > 2] = 7
    x[[0]] += 1
    assert x.tolist() == [1, 1, 2, 7] and x[torch.tensor([3])] == 7
    assert x.new_tensor([5]).tolist() == [5] and x.cpu().numpy().sum() == 11
    assert (x * torch.tensor(2.0)).device == DEVICE
