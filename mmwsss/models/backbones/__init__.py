"""Backbones that mmpretrain and mmseg lack."""

from mmwsss.models.backbones.resnet38d import ResNet38d

__all__ = ['ResNet38d']
