"""Segmentors beyond mmseg's, and wrappers that let a segmentor write a score store."""

from mmwsss.models.segmentors.averaged_scores import AveragedScores
from mmwsss.models.segmentors.similarity_segmentor import SimilaritySegmentor
from mmwsss.models.segmentors.softmax_scores import SoftmaxScores

__all__ = ['AveragedScores', 'SimilaritySegmentor', 'SoftmaxScores']
