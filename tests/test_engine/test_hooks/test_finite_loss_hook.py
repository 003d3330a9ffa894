"""A training that has failed stops, with a checkpoint to resume from; one bad loss does not."""

from unittest.mock import patch

import pytest
import torch

from mmwsss.engine.checkpoint_io import find_resumable, load_checkpoint
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.hooks import FiniteLossHook
from tests.test_engine.runs import make_runner
from tests.test_engine.toy import ToyModel

NAN, INF = float('nan'), float('inf')


def losses_of(runner, values, of_weights=True):
    """Have the iterations of these numbers, from 1, give another ``loss_b``.

    Args:
        runner: Of the toy task: three iterations an epoch.
        values: By iteration.
        of_weights: Whether it has a gradient; else it is as a step that mixed precision skips.
    """
    forward, count = runner.model.forward, iter(range(1, 1000))

    def changed(*inputs, mode='tensor', **kwargs):
        output = forward(*inputs, mode=mode, **kwargs)
        if mode != 'loss':
            return output
        factor = values.get(next(count), 0.0)
        loss = output['loss'] if of_weights else output['loss'].detach()
        return dict(loss_a=output['loss'], loss_b=loss * factor, acc=torch.tensor(NAN))

    runner.model.forward = changed


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    runner = make_runner(tmp_path)
    losses_of(runner, {5: NAN})
    with pytest.raises(StageFailed) as caught:
        runner.train()
    last = tmp_path / 'run/epoch_1.pth'
    message = str(caught.value)
    assert '\n' not in message
    assert 'not finite (loss_b) since iteration 5 of 12, and the weights' in message
    assert 'net.0.weight and ' in message and 'optim_wrapper.optimizer.lr' in message
    assert f'{last} is the last good checkpoint' in message
    assert find_resumable(tmp_path / 'run') == (last, [])
    assert not list((tmp_path / 'run').glob('epoch_2*'))
    state = load_checkpoint(last)['state_dict']
    assert all(value.isfinite().all() for value in state.values())


def test_a_step_without_gradient_stops_nothing(tmp_path):
    """As mixed precision skips it: also at the iteration before a checkpoint."""
    runner = make_runner(tmp_path)
    losses_of(runner, {3: INF, 4: NAN, 6: NAN}, of_weights=False)
    runner.train()
    assert (tmp_path / 'run/epoch_4.pth').is_file()


def test_no_finite_loss_for_long(tmp_path):
    runner = make_runner(tmp_path)
    losses_of(runner, dict.fromkeys(range(4, 100), INF), of_weights=False)
    with patch.object(FiniteLossHook, 'PATIENCE', 5), pytest.raises(StageFailed) as caught:
        runner.train()
    assert runner.iter == 7  # the eighth, counted from 0
    assert str(caught.value).startswith(
        'the loss is not finite (loss_b) since iteration 4 of 12. Lower optim_wrapper.optimizer.lr'
    )


def test_before_the_first_checkpoint(tmp_path):
    runner = make_runner(tmp_path)
    losses_of(runner, {1: NAN})
    with pytest.raises(StageFailed, match='so they are not saved.*No checkpoint has been saved'):
        runner.train()


def test_weights_to_start_from(tmp_path):
    model = ToyModel()
    torch.nn.init.constant_(model.net[4].bias, NAN)
    file = tmp_path / 'broken.pth'
    torch.save(dict(state_dict=model.state_dict()), file)
    runner = make_runner(tmp_path, options=dict(load_from=str(file)))
    message = r'broken.pth: the weights to start from are not finite \(net.4.bias\)'
    with pytest.raises(StageFailed, match=message):
        runner.train()


def test_running_statistics_count(tmp_path):
    runner = make_runner(tmp_path)
    torch.nn.init.constant_(runner.model.net[1].running_var, NAN)
    with pytest.raises(StageFailed, match=r'not finite \(net.1.running_var\)'):
        runner.train()


def test_it_can_be_left_out(tmp_path):
    runner = make_runner(tmp_path, options={'default_hooks.finite_loss': None})
    losses_of(runner, {5: NAN})
    runner.train()
    assert (tmp_path / 'run/epoch_4.pth').is_file()
    assert not any(isinstance(hook, FiniteLossHook) for hook in runner.hooks)
