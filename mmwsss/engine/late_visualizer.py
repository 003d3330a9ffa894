"""A visualizer that makes its figure when it first draws."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from mmengine.visualization import Visualizer


class LateVisualizer(Visualizer):
    """mmengine's ``Visualizer`` without matplotlib until there is an image to draw on.

    Every runner has a visualizer for its numbers; few draw, and matplotlib takes half a second.
    """

    ax_save: Any

    @classmethod
    def of_a_run(cls, name: str, save_dir: str) -> 'LateVisualizer':
        """Make the one that writes a run's numbers below its folder, as mmengine's runner does."""
        late = cls.get_instance(
            name=name, vis_backends=[{'type': 'LocalVisBackend'}], save_dir=save_dir
        )
        Visualizer._instance_dict[name] = late  # where hooks look, who know mmengine's class only
        return late

    def _initialize_fig(self, fig_cfg: dict) -> tuple:
        return None, SimpleNamespace(get_dpi=lambda: None), None  # asked for by __init__

    def set_image(self, image: np.ndarray) -> None:
        """Take the image to draw on, see mmengine.

        Args:
            image: Shape: (H, W, 3).
        """
        if self.ax_save is None:
            parts: tuple[Any, Any, Any] = super()._initialize_fig(self.fig_save_cfg)
            self.fig_save_canvas, self.fig_save, self.ax_save = parts
            self.dpi = self.fig_save.get_dpi()
        super().set_image(image)
