"""The memory of class tokens, of one process and of two."""

import pytest
import torch
import torch.multiprocessing as mp
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models import ClassMemory


def batch(seed, count, classes=3, dims=4, share=0.5):
    generator = torch.Generator().manual_seed(seed)
    tags = (torch.rand(count, classes, generator=generator) < share).float()
    return torch.randn(count, classes, dims, generator=generator), tags


def lists(batches, size, classes=3):
    """As published: a list a class, of which the newest are kept."""
    kept = [[] for _ in range(classes)]
    for tokens, tags in batches:
        for image, label in tags.nonzero().tolist():
            kept[label].append(F.layer_norm(tokens[image, label], tokens.shape[-1:]))
        kept = [own[-size:] for own in kept]
    return kept


@given(
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=5),
    count=st.integers(1, 9),
    size=st.integers(1, 6),
    share=st.sampled_from([0.1, 0.5, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_is_the_published_lists(seeds, count, size, share):
    """Also where more tokens come at once than fit (CTI, acceptance check 7)."""
    batches = [batch(seed, count, share=share) for seed in seeds]
    memory = ClassMemory(3, 4, size)
    for own in batches:
        memory.update(*own)
    expected = lists(batches, size)
    assert memory.counts.tolist() == [len(own) for own in expected]
    assert memory.ready == all(len(own) == size for own in expected)
    for mean, own in zip(memory.means(), expected, strict=True):
        wanted = torch.stack(own).mean(0) if own else torch.zeros(4)
        torch.testing.assert_close(mean, wanted, rtol=1e-5, atol=1e-6)


def test_recall():
    memory = ClassMemory(3, 4)
    tokens, tags = batch(0, 5)
    memory.update(tokens, tags)
    recalled = memory.recall(tokens, tags)
    for image in range(5):
        for label in range(3):
            own = memory.means()[label] if tags[image, label] else tokens[image, label]
            torch.testing.assert_close(recalled[image, label], own)
    assert memory.recall(tokens.bfloat16(), tags).dtype == torch.bfloat16


def test_keeps_no_graph_and_is_part_of_the_state():
    memory, other = ClassMemory(3, 4), ClassMemory(3, 4)
    tokens, tags = batch(1, 4)
    memory.update(tokens.requires_grad_(), tags)
    assert not memory.tokens.requires_grad
    other.load_state_dict(memory.state_dict(), strict=True)
    for own in (memory, other):
        own.update(*batch(2, 4))
    assert torch.equal(memory.means(), other.means())
    assert torch.equal(memory.seen, other.seen)


def test_nothing_tagged():
    memory = ClassMemory(3, 4)
    memory.update(torch.randn(2, 3, 4), torch.zeros(2, 3))
    assert memory.seen.sum() == 0 and not memory.means().any()


def test_size():
    with pytest.raises(ValueError, match='at least 1, found 0'):
        ClassMemory(3, 4, 0)


STEPS = 4


def parts(step):
    """A joined batch, of which the ranks have unequal shares."""
    tokens, tags = batch(step, 7)
    if step == 2:
        tags[:3] = 0  # nothing from rank 0
    return [(tokens[:3], tags[:3]), (tokens[3:], tags[3:])]


def _worker(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    memory = ClassMemory(3, 4, 5)
    for step in range(STEPS):
        memory.update(*parts(step)[rank])
    torch.save(memory.state_dict(), folder / f'{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_processes_hold_the_memory_of_the_joined_batch(tmp_path):
    # Forked: they need not import everything again.
    mp.start_processes(_worker, (tmp_path,), nprocs=2, start_method='fork')
    alone = ClassMemory(3, 4, 5)
    for step in range(STEPS):
        both = parts(step)
        alone.update(*(torch.cat(own) for own in zip(*both, strict=True)))
    for rank in range(2):
        state = torch.load(tmp_path / f'{rank}.pth', weights_only=True)
        assert set(state) == {'tokens', 'seen'}
        for name, value in alone.state_dict().items():
            assert torch.equal(state[name], value), name
