"""Backbones that mmpretrain and mmseg lack."""

from mmwsss.models.backbones.class_token_layer import AttentionWatch
from mmwsss.models.backbones.class_token_vit import ClassTokenViT
from mmwsss.models.backbones.resnet38d import ResNet38d

__all__ = ['AttentionWatch', 'ClassTokenViT', 'ResNet38d']
