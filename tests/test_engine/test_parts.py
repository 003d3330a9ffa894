"""Parts that a config names: their types and options, looked at before any is built."""

import re

import pytest
from torch import nn

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.parts import check_inputs, check_parts, options_of
from mmwsss.registry import METRICS, MODELS
from tests.configs import read


def problem(**options):
    """What is wrong with a good config with other options; '' if nothing."""
    cfg = read('demo/deeplabv3plus_r18_cam_shapes.py')
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
    try:
        check_parts(cfg.to_dict())
    except StageFailed as error:
        return str(error)
    return ''


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        (dict(model__type='mmseg.EncoderDecodr'), "did you mean 'mmseg.EncoderDecoder'?"),
        (dict(model__type='EncoderDecoder'), "did you mean 'mmseg.EncoderDecoder'?"),
        (dict(model__backbone__dept=18), "ResNet has no option 'dept', did you mean 'depth'?"),
        (dict(model__decode_head__num_clases=7), "option 'num_clases', did you mean 'num_classes'"),
        (dict(model__decode_head__act_cfg__type='ReLUU'), "did you mean 'ReLU'?"),
        (dict(train_dataloader__dataset__stor='x'), "has no option 'stor', did you mean 'store'?"),
        (dict(train_dataloader__num_worker=1), "did you mean 'num_workers'?"),
        (dict(custom_hooks=[dict(type='ChannelLastHook')]), "did you mean 'ChannelsLastHook'?"),
        (dict(train_cfg__max_epoch=2), "no option 'max_epoch', did you mean 'max_epochs'?"),
        (dict(optim_wrapper__optimizer__weight_deca=0.1), "did you mean 'weight_decay'?"),
        (dict(test_evaluator__prefxi='x'), "did you mean 'prefix'?"),
        (dict(param_scheduler=[dict(type='LinearLR', start_facter=1)]), "mean 'start_factor'?"),
        (dict(model__type='Zzyzx'), 'A class of your own is known after custom_imports = dict('),
        (dict(tta_model__type='mmseg.SegTTA'), "tta_model.type: there is no 'mmseg.SegTTA'"),
    ],
)
def test_mistakes(options, expected):
    found = problem(**options)
    key = next(iter(options)).replace('__', '.')
    assert found.startswith(key) and expected in found and '\n' not in found, found


def test_a_hook_that_is_mistyped():
    found = problem(default_hooks__loggr__interval=3)
    assert found == "default_hooks.loggr has no type, did you mean 'logger'?"


def test_a_python_module_is_no_part():
    found = problem(model__decode_head__type='numpy')
    assert "there is no 'numpy'" in found and 'mmseg.numpy' not in found, found


@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(optim_wrapper__constructor='DefaultOptimWrapperConstructor'),
        dict(custom_hooks=[dict(type='EMAHook', priority=49)]),
        dict(model__decode_head__norm_cfg=dict(type='BN', requires_grad=False)),
        dict(my_own=dict(type='Unheard')),
        dict(model__backbone__type='torch.nn.Identity'),
    ],
)
def test_what_is_right(options):
    assert problem(**options) == ''


def test_a_base_of_another_package_has_its_scope():
    model = dict(type='EncoderDecoder', decode_head=dict(type='ASPPHaed'))
    with pytest.raises(StageFailed, match=re.escape("model.decode_head.type: there is no 'ASPPH")):
        check_parts(dict(model={**model, '_scope_': 'mmseg'}))
    model['decode_head'] = dict(type='ASPPHead')
    check_parts(dict(model={**model, '_scope_': 'mmseg'}))
    check_parts(dict(model=dict(model, _scope_='no_such_package')))


class Above(nn.Module):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)


class Below(Above):
    def __init__(self, height=1, **kwargs):
        super().__init__(**kwargs)


def test_options_of_classes_that_pass_on_the_rest():
    assert options_of(MODELS.get('CAMHead'))[1] is False
    found, others = options_of(Below)
    assert {'width', 'height'} <= found and others


@pytest.mark.parametrize(
    ('part', 'own', 'inherited'),
    [
        (METRICS.get('MaskMetric'), 'undecided', 'prefix'),
        (MODELS.get('WeCLIPPlus'), 'second', 'clip'),
        (MODELS.get('WeCLIP'), 'phase2', 'clip'),
    ],
    ids=lambda value: getattr(value, '__name__', ''),
)
def test_constructors_of_this_package_that_pass_on_the_rest_are_known(part, own, inherited):
    found, others = options_of(part)
    assert {own, inherited} <= found and not others


def test_an_option_that_no_constructor_has_is_refused_though_the_rest_is_passed_on():
    evaluator = dict(type='MaskMetric', threshold=0.3)
    with pytest.raises(StageFailed, match="MaskMetric has no option 'threshold'"):
        check_parts(dict(test_evaluator=evaluator))


@pytest.mark.parametrize('name, needed', [('ExCEL', 'bank'), ('WeCLIPPlus', 'second')])
def test_an_option_that_a_class_sets_itself_is_refused(name, needed):
    part = MODELS.get(name)
    for option in part.SET_HERE:
        with pytest.raises(StageFailed, match=f"model.{option}: {name} has no option '{option}'"):
            check_parts(dict(model={'type': name, needed: None, option: 1}))
        with pytest.raises(TypeError, match='multiple values'):
            part(**{needed: None, option: 1})
    taken = options_of(part)[0] - {needed}
    assert len(taken) > 20
    for option in taken:  # and no other one
        with pytest.raises(TypeError, match='missing'):
            part(**{needed: None, option: 1})


@pytest.mark.parametrize(
    ('key', 'taken', 'expected'),
    [
        ('train_dataloader.dataset.store', 'masks', 'PseudoMaskDataset takes a store of masks'),
        ('load_from', 'checkpoint', 'it takes a checkpoint'),
        ('model.backbone.init_cfg.checkpoint', 'checkpoint', 'takes a checkpoint'),
        ('p.LoadCRFScores.low_alpha', 'scores', 'LoadCRFScores takes a store of scores'),
        ('p.LoadEvidence.store', 'scores', 'LoadEvidence takes a store of scores'),
        ('p.LoadProposals.store', 'proposals', 'LoadProposals takes a store of proposals'),
        ('p.LoadPrompts.store', 'prompts', 'LoadPrompts takes a store of prompts'),
        ('p.LoadPseudoMask.store', 'masks', 'LoadPseudoMask takes a store of masks'),
    ],
)
def test_inputs(key, taken, expected):
    cfg = read('demo/deeplabv3plus_r18_cam_shapes.py').to_dict()
    kinds = ('LoadCRFScores', 'LoadEvidence', 'LoadProposals', 'LoadPrompts', 'LoadPseudoMask')
    cfg['p'] = [dict(type=kind) for kind in kinds]
    for output in ('checkpoint', 'scores', 'masks', 'proposals', 'prompts'):
        if output == taken:
            check_inputs(cfg, {key: f'stage.{output}'})
        else:
            with pytest.raises(StageFailed, match=f'{key}: .*{expected}.* given stage.{output}'):
                check_inputs(cfg, {key: f'stage.{output}'})
    check_inputs(cfg, {'model.own_option': 'stage.scores', 'nothing.there': 'stage.masks'})
