"""Learnable contexts of text prompts."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP

Layout = Literal['end', 'front', 'middle']


def text_seed(text: str) -> int:
    """Seed of torch's generator derived from a text: its SHA-1, modulo 2^32."""
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 2**32


class PromptLearner(nn.Module):
    """Prompts ``<context> name .`` whose context is learnt (CoOp), as in FMA-WSSS (WACV 2024).

    The context is a number of learnt tokens. The state dict holds it under ``ctx``, with the names
    and the layout that it was learnt for; checkpoints for others are refused.

    Args:
        names: Names of the C foreground classes, in order. They need not be the data set's.
        background: Names of background prompts; empty ones are allowed.
        width: Channels of CLIP's text encoder.
        layout: Where the name is: ``'end'`` (context, name), ``'front'`` (name, context) or
            ``'middle'`` (half of the context, name, the other half).
        length: Tokens of a context.
        context: ``'generic'``: all prompts share one; ``'class_specific'``: each has its own; or
            the number of each prompt's context.
        std: Standard deviation of the initial context.
        seed: Text from which the random seed is made by :func:`text_seed`; None draws from torch's
            generator.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        names: Sequence[str],
        background: Sequence[str] = (),
        *,
        width: int = 512,
        layout: Layout = 'end',
        length: int = 16,
        context: Literal['generic', 'class_specific'] | Sequence[int] = 'generic',
        std: float = 0.02,
        seed: str | None = None,
    ):
        super().__init__()
        if layout not in get_args(Layout):
            raise ValueError(f'layout must be one of {get_args(Layout)}, found {layout!r}')
        if not names or length < 1 or std <= 0:
            raise ValueError(
                'at least one name, a length of at least 1 and a positive std are expected, found '
                f'{list(names)}, {length} and {std}'
            )
        self.names, self.background = tuple(names), tuple(background)
        self.layout, self.length, self.std, self.seed = layout, length, std, seed
        self.owner = _owners(context, len(self.names) + len(self.background))
        shape: tuple[int, ...] = (length, width)
        if self.owner is not None:
            shape = (max(self.owner) + 1, *shape)
        self.ctx = nn.Parameter(torch.empty(shape, dtype=torch.float32))
        self._tokens: tuple[int, Tensor, Tensor] | None = None
        self.reset()

    def __len__(self) -> int:
        return len(self.names) + len(self.background)

    @torch.no_grad()
    def reset(self) -> None:
        """Draw the initial context, on the CPU."""
        if not self.ctx.is_meta:
            generator = None
            if self.seed is not None:
                generator = torch.Generator().manual_seed(text_seed(self.seed))
            values = torch.empty(self.ctx.shape, dtype=torch.float32, device='cpu')
            self.ctx.copy_(values.normal_(0, self.std, generator=generator))

    def texts(self) -> list[str]:
        """Return the prompts as texts, with a placeholder for each token of the context."""
        return ['X ' * self.length + f'{name}.' for name in (*self.names, *self.background)]

    def tokens(self, clip: CLIP) -> tuple[Tensor, Tensor]:
        """Tokenize the texts, (G, T), and count the tokens of each name, (G,).

        Raises:
            ValueError: A prompt is longer than CLIP's context.
        """
        context = clip.sizes.context_length
        if self._tokens is not None and self._tokens[0] == context:
            return self._tokens[1:]
        names = (*self.names, *self.background)
        lengths = torch.tensor([clip.count_tokens(name) for name in names])
        most = context - self.length - 3  # start, full stop, end
        if (lengths > most).any():
            name = names[int(lengths.argmax())]
            raise ValueError(
                f'the prompt of {name!r} is too long: CLIP takes {context} tokens, '
                f'which leaves {most} for a name after {self.length} of context'
            )
        self._tokens = context, clip.tokenize(self.texts()), lengths
        return self._tokens[1:]

    def prompts(self, clip: CLIP) -> tuple[Tensor, Tensor]:
        """Embed the prompts, differentiable in the context.

        Returns:
            Embeddings without positions, (G, T, D), and the index of each end token, (G,).

        Raises:
            ValueError: The context is for a text encoder of another width.
        """
        if self.ctx.shape[-1] != clip.sizes.transformer_width:
            raise ValueError(
                f"the context has {self.ctx.shape[-1]} channels, CLIP's text encoder "
                f'{clip.sizes.transformer_width}: set width of the prompts'
            )
        tokens, lengths = self.tokens(clip)
        base = clip.embed_tokens(tokens)
        ctx = self.ctx.to(base) if self.owner is None else self.ctx[list(self.owner)].to(base)
        ctx = ctx.expand(len(base), -1, -1)
        joined = torch.cat([base[:, :1], ctx, base[:, 1 + self.length :]], 1)
        # Index from which each token is taken: the name moves, the context closes the gap.
        source = torch.arange(joined.shape[1]).repeat(len(base), 1)
        before = {'end': self.length, 'front': 0, 'middle': self.length // 2}[self.layout]
        for row, size in zip(source, lengths.tolist(), strict=True):
            name = torch.arange(1 + self.length, 1 + self.length + size)
            row[1 + before : 1 + before + size] = name
            row[1 + before + size : 1 + self.length + size] = torch.arange(
                1 + before, 1 + self.length
            )
        rows = torch.arange(len(base))[:, None].to(joined.device)
        return joined[rows, source.to(joined.device)], tokens.argmax(1)

    # Checkpoints ----------------------------------------------------------------------

    def _record(self) -> dict[str, Any]:
        return dict(
            names=list(self.names),
            background=list(self.background),
            layout=self.layout,
            owner=None if self.owner is None else list(self.owner),
        )

    def get_extra_state(self) -> Tensor:
        """Record what the context was learnt for, as JSON in a byte tensor."""
        return torch.tensor(list(json.dumps(self._record()).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse a context that was learnt for something else."""
        found, own = json.loads(bytes(state.tolist())), self._record()
        for key, value in own.items():
            if found.get(key) != value:
                raise ValueError(
                    f'this context was learnt for {key}={found.get(key)}, the config says '
                    f'{key}={value}: take the config that it was trained with'
                )

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        ctx = state_dict.get(f'{prefix}ctx')
        if ctx is None or ctx.shape != self.ctx.shape:
            found = 'none' if ctx is None else f'one of {tuple(ctx.shape)}'
            raise ValueError(
                f'a context of shape {tuple(self.ctx.shape)} is expected as {prefix}ctx, found '
                f'{found}: this is no checkpoint of these prompts (an official one has to be '
                'converted: tools/model_converters/convert_checkpoint.py fma)'
            )
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _owners(context: str | Sequence[int], count: int) -> tuple[int, ...] | None:
    """Number of the context of each prompt; None for one that all share."""
    if context == 'generic':
        return None
    if context == 'class_specific':
        return tuple(range(count))
    if (
        isinstance(context, str)
        or len(context) != count
        or sorted(set(context)) != list(range(max(context) + 1))
    ):
        raise ValueError(
            "context is 'generic', 'class_specific' or the number of the context (from 0, without "
            f'gaps) of each of the {count} prompts, found {context!r}'
        )
    return tuple(context)
