"""Looking at seeds and masks: overlays and the report."""

from mmwsss.visualization.overlay import blend, cam_overlay, heat, mask_overlay

__all__ = ['blend', 'cam_overlay', 'heat', 'mask_overlay']
