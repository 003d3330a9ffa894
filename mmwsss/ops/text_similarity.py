"""Class maps from the similarity of image tokens and texts (ExCEL)."""

import torch
from torch import Tensor


def text_similarity(tokens: Tensor, text: Tensor) -> Tensor:
    """Similarity of each token to each text, relative to all other texts.

    `ExCEL <https://arxiv.org/abs/2503.20826>`_, after CLIP Surgery: channels are normalised over
    tokens, texts that fit the whole image get more weight, and the mean over texts is subtracted.

    Args:
        tokens: In the space shared with texts, class token first. Shape: (N, L, E).
        text: Normalised features. Shape: (G, E).

    Returns:
        From 0 to 1 over the tokens, the class token included. Shape: (N, L, G).
    """
    with torch.autocast(tokens.device.type, enabled=False):
        tokens = tokens.float()
        tokens = tokens / tokens.norm(dim=1, keepdim=True)
        similarity = tokens @ text.T
        weight = (2 * similarity[:, :1]).softmax(-1)
        similarity = similarity * (weight / weight.mean(-1, keepdim=True))
        similarity = similarity - similarity.mean(-1, keepdim=True)
        low, high = similarity.amin(1, keepdim=True), similarity.amax(1, keepdim=True)
        # A single text is nowhere more similar than the mean over texts.
        return (similarity - low) / (high - low).clamp(min=torch.finfo(torch.float32).tiny)
