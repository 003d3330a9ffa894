"""The visualizer of runs that only write numbers."""

import numpy as np
from mmengine.visualization import Visualizer

from mmwsss.engine.late_visualizer import LateVisualizer
from tests.test_engine.runs import make_runner


def test_draws_what_mmengine_draws(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    drawn = []
    for kind in (Visualizer, LateVisualizer):
        visualizer = kind(f'draws_{kind.__name__}', save_dir=str(tmp_path))
        for picture in (image, image[::-1]):
            visualizer.set_image(picture)
            visualizer.draw_bboxes(np.array([[3, 4, 20, 15]]), edge_colors='r')
            drawn.append(visualizer.get_image())
    for one, other in zip(drawn[:2], drawn[2:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (drawn[0] != image).any()


def test_a_runner_has_no_figure_until_somebody_draws(tmp_path):
    runner = make_runner(tmp_path)
    assert runner.visualizer.ax_save is None
    assert Visualizer.get_current_instance() is runner.visualizer, 'where hooks look for it'
    runner.visualizer.add_scalar('loss', 1.0, step=2)
    assert '"loss": 1.0' in next((tmp_path / 'run').rglob('scalars.json')).read_text()
    runner.visualizer.set_image(np.zeros((5, 6, 3), np.uint8))
    assert runner.visualizer.get_image().shape == (5, 6, 3)


def test_a_visualizer_of_the_config_is_used(tmp_path):
    runner = make_runner(tmp_path, "visualizer = dict(type='mmseg.SegLocalVisualizer')\n")
    assert type(runner.visualizer).__name__ == 'SegLocalVisualizer'
