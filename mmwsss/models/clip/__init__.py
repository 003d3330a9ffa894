"""CLIP: a frozen wrapper of open_clip's networks, and learned prompts."""

from mmwsss.models.clip.clip import CLIP, CLIPTokens
from mmwsss.models.clip.prompt_learner import PromptLearner

__all__ = ['CLIP', 'CLIPTokens', 'PromptLearner']
