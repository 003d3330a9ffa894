import pytest
import torch
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.runner.checkpoint import get_state_dict

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import SAMFromMasks
from mmwsss.models.one_stage.adapted_sam import AdaptedSAM
from mmwsss.models.sam.lora import lora_parameters
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

SIDE = SIZES['image_size']


@pytest.fixture
def sam_file(tmp_path):
    path = tmp_path / 'sam.pth'
    torch.save(tiny_sam().module.state_dict(), path)
    return str(path)


def trained(sam_file, **options):
    model = AdaptedSAM(arch=SIZES, checkpoint=sam_file, **options)
    model.load_base()
    torch.manual_seed(3)
    for value in lora_parameters(model).values():
        torch.nn.init.normal_(value)
    return model


def embed(model):
    torch.manual_seed(5)
    with torch.no_grad():
        return model.encode(torch.randn(1, 3, SIDE, SIDE))


@pytest.mark.parametrize('read', [lambda m: m.state_dict(), get_state_dict])
def test_checkpoint_is_lora_and_comes_back(sam_file, tmp_path, read):
    model = trained(sam_file)
    state = read(model)
    assert set(state) == {*lora_parameters(model), 'sam_fingerprint'}
    save_checkpoint(dict(state_dict=state), str(tmp_path / 'lora.pth'))
    assert (tmp_path / 'lora.pth').stat().st_size < 30_000
    again = AdaptedSAM(arch=SIZES, checkpoint=sam_file)
    load_checkpoint(again, str(tmp_path / 'lora.pth'), strict=True)
    torch.testing.assert_close(embed(again), embed(model), rtol=0, atol=0)
    other = AdaptedSAM(arch=SIZES, checkpoint=sam_file)
    assert not any(other.load_state_dict(state))
    torch.testing.assert_close(embed(other), embed(model), rtol=0, atol=0)


def test_whole_checkpoints_need_no_sam(sam_file):
    model = trained(sam_file, save_all=True)
    again = AdaptedSAM(arch=SIZES, checkpoint='not/there.pth')
    again.load_state_dict(model.state_dict())
    again.load_base()
    torch.testing.assert_close(embed(again), embed(model), rtol=0, atol=0)


def test_lora_of_another_sam_is_refused(sam_file, tmp_path):
    state = trained(sam_file).state_dict()
    torch.save(tiny_sam(salt='other').module.state_dict(), tmp_path / 'other.pth')
    other = AdaptedSAM(arch=SIZES, checkpoint=tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r'trained on another SAM.*other\.pth.*sam.checkpoint'):
        other.load_state_dict(state)


def test_missing_lora_is_missing(sam_file):
    state = trained(sam_file).state_dict()
    name = next(iter(state))
    del state[name]
    missing, _ = AdaptedSAM(arch=SIZES, checkpoint=sam_file).load_state_dict(state, strict=False)
    assert missing == [name]


def test_base_is_read_once_and_named_when_it_is_not_there(sam_file, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth: no such SAM checkpoint'):
        AdaptedSAM(arch=SIZES, checkpoint=tmp_path / 'none.pth').load_base()
    model = trained(sam_file)
    model.checkpoint = 'not/there.pth'
    model.load_base()


def test_sam_that_was_trained_here(tmp_path):
    torch.manual_seed(0)
    source = SAMFromMasks(arch=SIZES)
    save_checkpoint(dict(state_dict=source.state_dict(), meta={}), str(tmp_path / 'own.pth'))
    model = AdaptedSAM(arch=SIZES, checkpoint=tmp_path / 'own.pth')
    model.load_base()
    torch.testing.assert_close(embed(model), embed(source.sam), rtol=0, atol=0)
    with pytest.raises(ValueError, match=r'own\.pth: a SAM of other sizes: depth 2 found'):
        AdaptedSAM(arch={**SIZES, 'depth': 3}, checkpoint=tmp_path / 'own.pth').load_base()
