import numpy as np
import pytest
import torch

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models.sam.lora import lora_parameters
from mmwsss.models.sam.promptable_sam import PromptableSAM
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

SIDE = SIZES['image_size']


@pytest.fixture(scope='module')
def frozen():
    return tiny_sam()


@pytest.fixture
def sam(frozen):
    torch.manual_seed(0)
    network = PromptableSAM(arch=SIZES)
    network.load_sam(frozen)
    return network


def boxes(*counts):
    rng = np.random.default_rng(0)
    corners = [rng.uniform(0, SIDE / 2, (n, 2)) for n in counts]
    return [np.concatenate([c, c + rng.uniform(4, SIDE / 2, c.shape)], 1) for c in corners]


@torch.no_grad()
def test_without_training_it_is_the_package(sam, frozen):
    x, own = torch.randn(2, 3, SIDE, SIDE), boxes(2, 1)
    embeddings = sam.encode(x)
    torch.testing.assert_close(embeddings, frozen.module.image_encoder(x))
    answer = sam.decode(embeddings, sam.prompts(own))
    module, masks, ious = frozen.module, [], []
    for embedding, some in zip(embeddings, own, strict=True):
        sparse, dense = module.prompt_encoder(points=None, boxes=torch.from_numpy(some), masks=None)
        low, iou = module.mask_decoder(
            image_embeddings=embedding[None],
            image_pe=module.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse.float(),
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        masks.append(low[:, 0])
        ious.append(iou[:, 0])
    torch.testing.assert_close(answer.low, torch.cat(masks), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(answer.iou, torch.cat(ious), rtol=1e-4, atol=1e-4)


def test_gradients_reach_lora_alone_and_checkpointing_keeps_them(sam):
    for value in lora_parameters(sam).values():
        torch.nn.init.normal_(value, std=0.1)
    x, prompts = torch.randn(1, 3, SIDE, SIDE), sam.prompts(boxes(2))
    seen = []
    for sam.with_cp in (False, True):
        sam.zero_grad()
        answer = sam.decode(sam.encode(x), prompts)
        (answer.low.square().mean() + answer.iou.sum()).backward()
        trained = {name: p.grad for name, p in sam.named_parameters() if p.grad is not None}
        assert set(trained) == set(lora_parameters(sam))
        seen.append({name: grad.clone() for name, grad in trained.items()})
    for name, grad in seen[0].items():
        torch.testing.assert_close(seen[1][name], grad, rtol=1e-4, atol=1e-6)


def test_upsampling_cuts_the_padding(sam):
    low = torch.randn(2, 32, 32)
    whole = sam.upsample(low)
    assert whole.shape == (2, SIDE, SIDE)
    torch.testing.assert_close(sam.upsample(low, (100, 60)), whole[:, :100, :60])


def test_fingerprint_tells_sams_apart(sam):
    mark = sam.fingerprint()
    for value in lora_parameters(sam).values():
        torch.nn.init.normal_(value)
    assert torch.equal(sam.fingerprint(), mark)
    sam.load_sam(tiny_sam(salt='b'))
    assert not torch.allclose(sam.fingerprint(), mark)


def test_published_size():
    with torch.device('meta'):
        network = PromptableSAM(arch='vit_b')
    trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
    assert sum(p.numel() for p in trained.values()) == 147_456
    assert set(trained) == set(lora_parameters(network))
    with torch.device('meta'):
        large = lora_parameters(PromptableSAM(arch='vit_h'))
    assert sum(p.numel() for p in large.values()) == 655_360
