"""Check what a model's ``loss`` returns before mmengine adds it up."""

from __future__ import annotations

import functools
from typing import Any

from mmengine.model import BaseModel

from mmwsss.engine.errors import StageFailed


def check_losses_of(model: BaseModel) -> None:
    """Check what the model's ``loss`` returns, at each training step from now on.

    Only names are looked at, which costs nothing.

    Args:
        model: Without a wrapper for several processes: that asks the model itself.
    """
    parse = model.parse_losses

    @functools.wraps(parse)
    def parse_losses(losses: Any) -> Any:
        require_named_losses(losses, type(model).__name__)
        return parse(losses)

    model.parse_losses = parse_losses


def require_named_losses(losses: Any, name: str) -> None:
    """Refuse losses of which mmengine would train none.

    Args:
        losses: What ``loss`` returned.
        name: Of the model's class.

    Raises:
        StageFailed: They are no dict, or none has ``loss`` in its name.
    """
    if not isinstance(losses, dict):
        raise StageFailed(
            f'{name}.loss returned a {type(losses).__name__}, a dict of named losses is expected: '
            'dict(loss_cls=...)'
        )
    if not any('loss' in key for key in losses):
        names = f'only {", ".join(losses)}' if losses else 'an empty dict'
        raise StageFailed(
            f"{name}.loss returned {names}, and trained is the sum of those with 'loss' in their "
            'name: dict(loss_cls=...); others are logged'
        )
