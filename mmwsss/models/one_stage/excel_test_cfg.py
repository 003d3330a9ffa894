"""How ExCEL tests."""

from dataclasses import dataclass

from mmwsss.models.one_stage.token_test_cfg import TokenTestCfg


@dataclass(frozen=True)
class ExCELTestCfg(TokenTestCfg):
    """The same as of WeCLIP (``test_cfg``), with ExCEL's published values.

    Args:
        output: See :class:`TokenTestCfg`.
        long_side: Side of the square.
        square: See :class:`TokenTestCfg`.
        scales: See :class:`TokenTestCfg`.
        flip: See :class:`TokenTestCfg`.
        flip_first: Published: on COCO.
        average_at: Published: 1 on VOC, 0.2 on COCO.
        crf: See :class:`TokenTestCfg`.
        threshold: Published: 0.75 in validations, 0.79 without training.
        learnt: See :class:`TokenTestCfg`.
    """

    long_side: int | None = 320
    square: bool = True
    scales: tuple[float, ...] = (0.7, 1.0, 1.2, 1.5)
    flip_first: bool = False
    average_at: float | None = 1.0
    threshold: float | None = 0.75
