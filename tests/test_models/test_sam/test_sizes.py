import sys

import pytest
import torch

from mmwsss.models.sam.sizes import (
    PUBLISHED,
    SAMSizes,
    build_sam,
    describe_mismatch,
    parse_sizes,
    sizes_of,
)

TINY = SAMSizes(16, 3, 2, [1], image_size=64, patch_size=8, window_size=3, out_channels=16)


def test_names_and_fields():
    assert parse_sizes('vit_l') is PUBLISHED['vit_l'] and parse_sizes(TINY) is TINY
    fields = dict(embed_dims=16, depth=3, num_heads=2, global_attn_indexes=[1], image_size=64)
    assert parse_sizes(fields).grid == 4 and TINY.grid == 8
    with pytest.raises(ValueError, match="one of vit_b, vit_l, vit_h or sizes, found 'vit_x'"):
        parse_sizes('vit_x')


@pytest.mark.parametrize('sizes', [TINY, PUBLISHED['vit_b'], PUBLISHED['vit_h']], ids=str)
def test_sizes_are_read_off_a_state_dict(sizes):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    with torch.device('meta'):
        state = build_sam(sizes).state_dict()
    assert sizes_of(state) == sizes


def test_mismatch_names_what_fits():
    text = describe_mismatch(PUBLISHED['vit_b'], PUBLISHED['vit_h'])
    assert 'embed_dims 768 found, 1280 expected' in text and text.endswith("set arch='vit_b'")
    assert 'set arch=dict(embed_dims=16, depth=3' in describe_mismatch(TINY, PUBLISHED['vit_h'])
    assert describe_mismatch(TINY, TINY) == ''


def test_another_network():
    message = r'no SAM checkpoint: .*patch_embed\.proj\.weight.* is missing \(found a, b, \.\.\.\)'
    with pytest.raises(ValueError, match=message):
        sizes_of(dict(a=torch.zeros(1), b=torch.zeros(1)))


def test_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'segment_anything.modeling', None)
    with pytest.raises(ImportError, match=r"segment-anything: pip install 'mmwsss\[sam\]'"):
        build_sam(TINY)
