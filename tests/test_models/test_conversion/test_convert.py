"""Conversion of published checkpoints."""

from collections import OrderedDict

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmwsss.models import CAMGenerator, CAMHead, ResNet38d
from mmwsss.models.conversion import convert_checkpoint, describe_checkpoint, read_checkpoint
from tests.test_models.test_conversion.test_checkpoint_keys import official_names
from tests.test_models.test_conversion.test_mxnet import imagenet_entries, write_params


def small_model():
    head = CAMHead(in_channels=128, num_classes=4, proj_channels=8)
    return CAMGenerator(ResNet38d(base_channels=2), head)


def official_state(model):
    """What S2C would have saved for the model."""
    from mmwsss.models.conversion import FORMATS, rename_keys

    names = {name: name for name in official_names()}
    ours = rename_keys(names, FORMATS['s2c'])[0]
    state = {official: model.state_dict()[name] for name, official in ours.items()}
    return {**state, 'bn8.weight': torch.ones(8)}


@pytest.mark.parametrize('prefix, key', [('', None), ('module.', None), ('', 'state_dict')])
def test_s2c(tmp_path, prefix, key):
    model, other = small_model(), small_model()
    state = {prefix + name: value for name, value in official_state(model).items()}
    torch.save({key: state} if key else state, tmp_path / '039net_main.pth')
    target = tmp_path / 'new' / 's2c.pth'
    assert convert_checkpoint(tmp_path / '039net_main.pth', target, 's2c') == ['bn8.weight']
    load_checkpoint(other, str(target), strict=True)
    x = torch.rand(1, 3, 24, 24)
    torch.testing.assert_close(other.eval()(x).cam, model.eval()(x).cam)


def test_imagenet_weights(tmp_path):
    source = write_params(tmp_path / 'resnet_38d.params', imagenet_entries(1))
    target = tmp_path / 'r38.pth'
    assert convert_checkpoint(source, target, 'resnet38d') == ['arg:linear1000_weight']
    direct = ResNet38d(base_channels=1, init_cfg=dict(type='Pretrained', checkpoint=str(source)))
    converted = ResNet38d(base_channels=1, init_cfg=dict(type='Pretrained', checkpoint=str(target)))
    direct.init_weights()
    converted.init_weights()
    for name, value in direct.state_dict().items():
        assert torch.equal(value, converted.state_dict()[name]), name


def test_code_in_a_pickle_is_not_run(tmp_path):
    torch.save({'a': print}, tmp_path / 'x.pth')
    with pytest.raises(Exception, match='[Ww]eights'):
        read_checkpoint(tmp_path / 'x.pth')


def test_not_a_state_dict(tmp_path):
    torch.save([1, 2], tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'x\.pth: expected a state dict of tensors, found list'):
        read_checkpoint(tmp_path / 'x.pth')


def test_nothing_is_written_for_another_network(tmp_path):
    torch.save({'conv.weight': torch.zeros(1)}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'x\.pth: this is not the expected checkpoint'):
        convert_checkpoint(tmp_path / 'x.pth', tmp_path / 'y.pth', 's2c')
    with pytest.raises(ValueError, match=r"kind must be one of .*'s2c'.* found 'other'"):
        convert_checkpoint(tmp_path / 'x.pth', tmp_path / 'y.pth', 'other')
    assert not (tmp_path / 'y.pth').exists()


def test_what_a_classifier_becomes(tmp_path):
    torch.save(official_state(small_model()), tmp_path / '039net_main.pth')
    kind, lines = describe_checkpoint(tmp_path / '039net_main.pth')
    assert kind == 's2c' and len(lines) == 231
    assert 'b6.conv_branch2b2.weight -> backbone.stage6.0.conv3.weight' in lines
    assert lines[-1] == 'bn8.weight -> dropped'


def test_what_imagenet_weights_become(tmp_path):
    source = write_params(tmp_path / 'resnet_38d.params', imagenet_entries(1))
    kind, lines = describe_checkpoint(source)
    assert kind == 'resnet38d' and lines[-1] == 'arg:linear1000_weight -> dropped'
    assert 'arg:res2a_branch1_weight -> stage2.0.shortcut.weight' in lines


def test_sam_is_used_as_it_is(tmp_path):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import tiny_state

    state = tiny_state()
    torch.save(state, tmp_path / 'sam.pth')
    kind, (line,) = describe_checkpoint(tmp_path / 'sam.pth')
    assert kind == 'sam' and line.startswith(f'{len(state)} entries, read as they are by')
    assert 'embed_dims=16' in line and 'sam.pth' in line


def test_file_of_no_known_kind(tmp_path):
    torch.save({'conv.weight': torch.zeros(1)}, tmp_path / 'x.pth')
    with pytest.raises(ValueError) as error:
        describe_checkpoint(tmp_path / 'x.pth')
    text = str(error.value)
    assert 'x.pth is of no kind that is known' in text
    assert all(f'\n{kind}: ' in text for kind in ('sam', 's2c', 'resnet38d', 'psa', 'irn'))


def test_context_of_fma(tmp_path):
    """Shapes are checked where it is loaded, by the config that knows them."""
    torch.save(OrderedDict({'prompt_learner.ctx': torch.ones(16, 512)}), tmp_path / 'final.pth')
    assert convert_checkpoint(tmp_path / 'final.pth', tmp_path / 'fma.pth', 'fma') == []
    state = torch.load(tmp_path / 'fma.pth', weights_only=True)['state_dict']
    assert list(state) == ['prompt.ctx'] and state['prompt.ctx'].shape == (16, 512)
    kind, lines = describe_checkpoint(tmp_path / 'final.pth')
    assert (kind, lines) == ('fma', ['prompt_learner.ctx -> prompt.ctx'])


def test_clip_is_used_as_it_is(tmp_path):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from tests.test_models.test_clip.tiny_clip import tiny_clip

    module = tiny_clip().module
    torch.save(module.state_dict(), tmp_path / 'clip.pt')
    kind, (line,) = describe_checkpoint(tmp_path / 'clip.pt')
    assert kind == 'clip' and 'vision_width=64' in line and "type='CLIP'" in line
