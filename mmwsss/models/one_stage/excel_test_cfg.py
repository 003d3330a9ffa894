"""Test options of ExCEL."""

from dataclasses import dataclass

from mmwsss.models.one_stage.token_test_cfg import TokenTestCfg


@dataclass(frozen=True)
class ExCELTestCfg(TokenTestCfg):
    """The options of WeCLIP (``test_cfg``) with ExCEL's published values as defaults.

    Args:
        output: See :class:`TokenTestCfg`.
        long_side: Side of the square.
        square: See :class:`TokenTestCfg`.
        scales: See :class:`TokenTestCfg`.
        flip: See :class:`TokenTestCfg`.
        flip_first: False on VOC and True on COCO, as published.
        average_at: 1 on VOC and 0.2 on COCO, as published.
        crf: See :class:`TokenTestCfg`.
        threshold: 0.75 in validations and 0.79 without training, as published.
        learnt: See :class:`TokenTestCfg`.
    """

    long_side: int | None = 320
    square: bool = True
    scales: tuple[float, ...] = (0.7, 1.0, 1.2, 1.5)
    flip_first: bool = False
    average_at: float | None = 1.0
    threshold: float | None = 0.75
