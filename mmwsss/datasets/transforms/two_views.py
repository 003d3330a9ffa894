"""Two views of one photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmcv.transforms import BaseTransform

from mmwsss.registry import TRANSFORMS, build


@TRANSFORMS.register_module()
class TwoViews(BaseTransform):
    """Make a weakly and a strongly augmented view, independently, into ``imgs``; keeps ``img``.

    Args:
        weak: Transforms of the first view.
        strong: Transforms of the second.

    Raises:
        ValueError: A view has no transforms.
    """

    def __init__(
        self,
        weak: Sequence[Mapping | Callable[[dict], dict]],
        strong: Sequence[Mapping | Callable[[dict], dict]],
    ) -> None:
        if not weak or not strong:
            raise ValueError(
                f'each view needs transforms, found {len(weak)} of the weak and {len(strong)} of '
                'the strong one'
            )
        # Under a name in which the leak guard looks for transforms.
        self.transforms = [[build(TRANSFORMS, step) for step in steps] for steps in (weak, strong)]

    def transform(self, results: dict) -> dict:
        """Make both views of ``img``."""
        results['imgs'] = [self._view(results, steps) for steps in self.transforms]
        return results

    @staticmethod
    def _view(results: dict, steps: Sequence[Callable[[dict], dict]]) -> Any:
        view = dict(results)
        for step in steps:
            view = step(view)
        return view['img']

    def __repr__(self) -> str:
        weak, strong = self.transforms
        return f'{type(self).__name__}(weak={weak}, strong={strong})'
