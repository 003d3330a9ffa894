"""Key maps of published checkpoints."""

import pytest
import torch

from mmwsss.models.conversion.checkpoint_keys import RESNET38D_RULES, rename, rename_keys
from mmwsss.models.conversion.formats import FORMATS

OFFICIAL_UNITS = {2: 3, 3: 3, 4: 6, 5: 3, 6: 1, 7: 1}


def official_names():
    """Names of S2C's classifier."""
    names = ['conv1a.weight', 'fc8.weight', 'fc9.weight']
    norms = ['bn7', 'bn8']
    for stage, count in OFFICIAL_UNITS.items():
        for unit in range(count):
            block = f'b{stage}' + (f'_{unit}' if unit else '')
            branches = ['2a', '2b1'] + (['2b2'] if stage > 5 else [])
            names += [f'{block}.conv_branch{branch}.weight' for branch in branches]
            norms += [f'{block}.bn_branch{branch}' for branch in branches]
            if unit == 0:
                names.append(f'{block}.conv_branch1.weight')
    leaves = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')
    return names + [f'{norm}.{leaf}' for norm in norms for leaf in leaves]


def test_s2c_classifier():
    official = official_names()
    assert len(official) == 235
    state, dropped = rename_keys({name: name for name in official}, FORMATS['s2c'])
    assert dropped == [name for name in official if name.startswith('bn8.')] and len(state) == 230
    assert state['head.proj.weight'] == 'fc8.weight'
    assert state['head.classifier.weight'] == 'fc9.weight'
    assert state['backbone.stage4.5.conv2.weight'] == 'b4_5.conv_branch2b1.weight'
    assert state['backbone.stage7.0.norm3.running_var'] == 'b7.bn_branch2b2.running_var'
    assert state['backbone.norm.bias'] == 'bn7.bias'


def test_old_files_without_batch_counts():
    names = [name for name in official_names() if not name.endswith('num_batches_tracked')]
    assert len(rename_keys({name: name for name in names}, FORMATS['s2c'])[0]) == 193


def test_unexpected_and_missing_names():
    names = official_names()
    names.remove('fc8.weight')
    names.append('fc10.weight')
    with pytest.raises(ValueError) as error:
        rename_keys({name: name for name in names}, FORMATS['s2c'])
    text = str(error.value)
    assert 'net_main.pth' in text
    assert 'Unexpected: fc10.weight (-> fc10.weight). Missing: head.proj.weight' in text


def test_another_network_names_a_few_of_its_keys():
    state = {f'layer1.{i}.weight': torch.zeros(1) for i in range(30)}
    with pytest.raises(ValueError, match=r'layer1\.7\.weight \S+ \S+ and 22 more'):
        rename_keys(state, FORMATS['resnet38d'])


@pytest.mark.parametrize(
    'official, ours',
    [
        ('b3.conv_branch1.weight', 'stage3.0.shortcut.weight'),
        ('b5_2.bn_branch2b1.bias', 'stage5.2.norm2.bias'),
        ('b6.conv_branch2b2.weight', 'stage6.0.conv3.weight'),
    ],
)
def test_rules(official, ours):
    assert rename(official, RESNET38D_RULES) == ours
