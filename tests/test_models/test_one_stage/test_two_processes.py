"""One-stage methods on two processes learn what they learn on one, where mathematics allows it."""

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dist import get_rank, get_world_size
from mmengine.model import MMDistributedDataParallel

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from tests.test_models.test_one_stage import test_excel, test_toco, test_weclip, test_weclip_plus
from tests.test_models.test_one_stage.test_weclip import batch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason='for the CPU, over gloo')
TAGS = ((1, 0, 1), (0, 1, 0), (0, 0, 0), (1, 1, 1))


def toco(**options):
    """ToCo whose local crops are not drawn, which each process does for itself."""
    model = test_toco.build(**options)
    model.local_crops = lambda x, cam, tags: (
        torch.cat([x[..., :32, :32], x[..., 32:, 32:]]),
        torch.tensor([[True, False]] * len(x)),
    )
    return model


# Without dropout, which each process draws for itself, and without what is taken over the photos of
# a process: ToCo's contrast of patch tokens, the means of ExCEL's similarities.
EQUAL = {
    'weclip': lambda: test_weclip.build(dropout=0, phase2=dict(after=0)),
    'weclip_plus': lambda: test_weclip_plus.build(dropout=0, late_after=0),
    'toco': lambda: toco(loss_ptc=dict(type='PatchTokenContrastLoss', loss_weight=0)),
    'excel': lambda: test_excel.build(dropout=0, affinity_weight=0),
}
DIFFERENT = {
    'toco': toco,
    'excel': lambda: test_excel.build(dropout=0, learnt_after=0),
}


def data(kind, start, stop):
    """Some of the four photos of a batch."""
    if kind == 'toco':
        samples = test_toco.samples(4)
        for sample, tags in zip(samples, TAGS, strict=True):
            sample.gt_label = torch.tensor(tags, dtype=torch.float32)
        views = [view[start:stop] for view in test_toco.views(4)]
        return dict(inputs=views, data_samples=samples[start:stop])
    return {name: own[start:stop] for name, own in batch(*TAGS).items()}


def gradients(kind, build):
    """Of a step in which the processes share four photos."""
    model, share = build().train(), len(TAGS) // get_world_size()
    own = data(kind, share * get_rank(), share * (get_rank() + 1))
    if kind != 'toco':
        own = model.data_preprocessor(own, True)
    several = get_world_size() > 1
    wrapped = MMDistributedDataParallel(model, find_unused_parameters=True) if several else model
    sum(wrapped(**own, mode='loss').values()).backward()
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def train(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    for name, models in (('equal', EQUAL), ('different', DIFFERENT)):
        found = {kind: gradients(kind, build) for kind, build in models.items()}
        if rank == 0:
            torch.save(found, folder / f'{name}.pth')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('two')
    # Forked: they need not import everything again.
    mp.start_processes(train, (folder,), nprocs=2, start_method='fork')
    return folder


def difference(folder, name, kind, build):
    """Largest difference of the gradients of a parameter, against the largest gradient."""
    one, two = gradients(kind, build), torch.load(folder / f'{name}.pth')[kind]
    assert one.keys() == two.keys()
    return max((one[n] - two[n]).norm() for n in one) / max(value.norm() for value in one.values())


@pytest.mark.parametrize('kind', EQUAL)
def test_gradients_are_those_of_one_process(folder, kind):
    assert difference(folder, 'equal', kind, EQUAL[kind]) < 1e-5


@pytest.mark.parametrize('kind', DIFFERENT)
def test_what_depends_on_the_photos_of_a_process(folder, kind):
    """As READMEs say; were it equal, they would be wrong."""
    assert difference(folder, 'different', kind, DIFFERENT[kind]) > 1e-4
