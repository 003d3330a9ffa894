"""One step in parts is one step."""

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.structures import BaseDataElement
from torch import nn

from mmwsss.engine.accumulation import AccumulatedStep
from mmwsss.engine.checkpoint_io import load_checkpoint
from tests.test_engine.runs import difference, make_runner


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Linear(3, 1)
        self.seen, self.parts = [], []

    def forward(self, inputs, data_samples=None, mode='loss'):
        self.parts.append(MessageHub.get_current_instance().get_info('part_of_step'))
        inputs = torch.stack(tuple(inputs))
        self.seen.append(len(inputs))
        target = inputs.new_tensor([float(sample.y) for sample in data_samples])
        return {'loss': (self.net(inputs).squeeze(1) - target).square().mean()}


def batch(count):
    torch.manual_seed(1)
    samples = [BaseDataElement(metainfo=dict(y=i)) for i in range(count)]
    return {'inputs': list(torch.randn(count, 3)), 'data_samples': samples}


@pytest.mark.parametrize(('count', 'parts'), [(8, [2] * 4), (7, [2, 2, 2, 1]), (1, [1])])
def test_equals_the_whole_batch(count, parts):
    results = []
    for at_once in (None, 2):
        model = Line()
        wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
        step = model.train_step if at_once is None else AccumulatedStep(model, at_once)
        logged = [
            float(step(batch(count), optim_wrapper=wrapper)['loss'].detach()) for _ in range(3)
        ]
        results.append((logged, model.net.weight.detach(), model.net.bias.detach()))
        assert model.seen == (parts if at_once else [count]) * 3
        if at_once:
            assert model.parts == list(range(len(parts))) * 3
    torch.testing.assert_close(*results)


def test_tensors_and_tuples_are_cut():
    model = Line()
    model.train_step = lambda data, optim_wrapper: {'n': torch.tensor(float(len(data[1]['x'])))}
    step = AccumulatedStep(model, 2)
    assert step((torch.zeros(4, 1), {'x': [1, 2, 3, 4]}), optim_wrapper=None)['n'] == 2
    model.train_step = lambda data, optim_wrapper: {'n': torch.tensor(len(data['inputs'][1]) * 1.0)}
    views = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert AccumulatedStep(model, 3)({'inputs': views}, optim_wrapper=None)['n'] == 0.75 * 3 + 0.25
    with pytest.raises(TypeError, match='a batch with a int cannot be cut'):
        step({'x': [1, 2], 'y': 3}, optim_wrapper=None)


def test_a_run_in_parts_has_the_same_schedule(tmp_path):
    """The toy's schedule counts iterations; batch norm and dropout are left out."""
    ends = []
    for name, at_once in (('whole', 4), ('parts', 2)):
        text = f'batch = dict(published=4, at_once={at_once})\ntrain_dataloader.pop("batch_size")\n'
        runner = make_runner(tmp_path, text, name)
        runner.model.net[1], runner.model.net[3] = nn.Identity(), nn.Identity()
        runner.cfg.custom_hooks = None
        runner._hooks = [h for h in runner._hooks if type(h).__name__ != 'EMAHook']
        runner.train()
        ends.append(load_checkpoint(tmp_path / name / 'epoch_4.pth'))
    whole, parts = ends
    assert whole['meta']['iter'] == parts['meta']['iter'] == 12
    assert difference(whole['param_schedulers'][0], parts['param_schedulers'][0]) == []
    torch.testing.assert_close(whole['state_dict'], parts['state_dict'])


@pytest.mark.skipif(not torch.cuda.is_available(), reason='mmengine has it for GPUs only')
def test_mixed_precision_in_parts():
    """The scaler steps once a step."""
    model = Line().cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = AmpOptimWrapper(dtype='bfloat16', loss_scale='dynamic', optimizer=optimizer)
    AccumulatedStep(model, 2)(batch(6), optim_wrapper=wrapper)
    assert wrapper._inner_count == 3 and all(p.grad is None for p in model.parameters())
