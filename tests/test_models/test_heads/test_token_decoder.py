"""``TokenFusion`` and ``TokenDecoder``."""

import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models.heads import TokenDecoder, TokenFusion


def test_published_size():
    """5,985,045 parameters for VOC, 6,000,465 for COCO."""
    for classes, expected in ((21, 5985045), (81, 6000465)):
        with torch.device('meta'):
            parts = TokenFusion(768, 11), TokenDecoder(classes)
        assert sum(p.numel() for part in parts for p in part.parameters()) == expected


def test_shapes():
    fusion, decoder = TokenFusion(6, 2, channels=8), TokenDecoder(3, channels=8, heads=2)
    tokens = torch.randn(2, 2, 12, 6)
    fused = fusion(list(tokens), (3, 4))
    assert fused.shape == (2, 8, 3, 4) and decoder(fused).shape == (2, 3, 3, 4)
    with pytest.raises(ValueError, match='2 blocks are expected, found 1'):
        fusion([tokens[0]], (3, 4))
