"""A second device for machines that have only a CPU.

Tensors on it say that they are on ``meta`` and hold their values all the same. What a GPU refuses
it refuses: an operation on tensors of both devices, a random generator of the other one, and
``numpy()``. So a model that runs on it makes and moves all tensors as it should. Autocast is off.
"""

from contextlib import ExitStack, contextmanager, nullcontext
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device('meta')
_aten = torch.ops.aten
# Take values over from the other device.
_COPIES = {_aten.copy_, _aten._to_copy}
# Do not even take a single number from it.
_JOINS = {_aten.cat, _aten.stack}
# Indices (the second argument) may be on the CPU.
_INDEXING = {_aten.index, _aten.index_put, _aten.index_put_, _aten._index_put_impl_}


class _There(torch.Tensor):
    """A tensor on the second device, around one on the CPU."""

    @staticmethod
    def __new__(cls, held):
        layout = {}
        if held.layout == torch.strided:
            layout = dict(strides=held.stride(), storage_offset=held.storage_offset())
        return torch.Tensor._make_wrapper_subclass(
            cls, held.shape, dtype=held.dtype, device=DEVICE, **layout
        )

    def __init__(self, held):
        self.held = held

    def __repr__(self):
        return f'elsewhere({self.held})'

    def __reduce_ex__(self, protocol):
        raise TypeError('a tensor on the second device is to be pickled: move it to the CPU')

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


class _Factories(TorchDispatchMode):
    """Lets functions that are told a device make tensors there."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


def _tensors(*values):
    return [x for x in tree_leaves(values) if isinstance(x, torch.Tensor)]


def _run(func, args, kwargs):
    """Do on the CPU what is asked for on either device."""
    tensors, packet = _tensors(args, kwargs), func.overloadpacket
    there = [x for x in tensors if isinstance(x, _There)]
    if any(x.is_meta and not isinstance(x, _There) for x in tensors):
        raise RuntimeError(f'{func}: a tensor without values')
    if there and packet not in _COPIES:
        own = _tensors(args[:1], args[2:]) if packet in _INDEXING else tensors
        others = [x for x in own if not isinstance(x, _There)]
        if len(others) == len(own) or any(x.dim() or packet in _JOINS for x in others):
            raise RuntimeError(f'{func}: tensors on both devices')
    stays = isinstance(args[0], _There) if packet is _aten.copy_ else bool(there)
    if kwargs.get('device') is not None:
        stays = torch.device(kwargs['device']) == DEVICE
        kwargs = {**kwargs, 'device': torch.device('cpu')}
    if stays and kwargs.get('generator') is not None:
        raise RuntimeError(f"{func}: the CPU's generator for a tensor on the second device")
    held = tree_map_only(_There, lambda x: x.held, (args, kwargs))
    result = func(*held[0], **held[1])
    if not stays:
        return result
    # What is changed in place stays the same object.
    known = {id(x.held): x for x in there}
    return tree_map_only(
        torch.Tensor, lambda x: known[id(x)] if id(x) in known else _There(x), result
    )


def _from_data(function):
    """Torch's own forgets the data of a tensor on ``meta``."""

    def make(*args, device=None, **kwargs):
        return function(*args, **kwargs) if device is None else function(*args, **kwargs).to(device)

    return make


def _new_tensor(self, data, **kwargs):
    options = {'dtype': self.dtype, 'device': self.device, **kwargs}
    return torch.tensor(data, **options)


def _subscript(function):
    """Lists in an index become tensors where data is not forgotten."""

    def apply(self, index, *value):
        parts = index if isinstance(index, tuple) else (index,)
        parts = (
            torch.tensor(x, dtype=None if x else torch.long) if isinstance(x, (list, tuple)) else x
            for x in parts
        )
        return function(self, tuple(parts), *value)

    return apply


def _autocast(function):
    """Torch's own knows real devices alone."""

    def cast(device_type, *args, **kwargs):
        here = device_type != DEVICE.type
        return function(device_type, *args, **kwargs) if here else nullcontext()

    return cast


@contextmanager
def elsewhere():
    """Inside, ``.to(DEVICE)`` and ``device=DEVICE`` lead to the second device."""
    tensor, tolist = torch.Tensor, torch.Tensor.tolist
    replaced = [
        (torch, 'tensor', _from_data(torch.tensor)),
        (torch, 'as_tensor', _from_data(torch.as_tensor)),
        (torch, 'autocast', _autocast(torch.autocast)),
        (tensor, 'new_tensor', _new_tensor),
        (tensor, 'tolist', lambda self: tolist(self.cpu())),
        (tensor, '__getitem__', _subscript(tensor.__getitem__)),
        (tensor, '__setitem__', _subscript(tensor.__setitem__)),
    ]
    with ExitStack() as stack:
        for owner, name, function in replaced:
            stack.enter_context(patch.object(owner, name, function))
        stack.enter_context(_Factories())
        yield
