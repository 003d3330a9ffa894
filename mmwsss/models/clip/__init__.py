"""CLIP: a frozen wrapper of open_clip's networks, and prompts, learned or fixed."""

from mmwsss.models.clip.clip import CLIP, CLIPTokens
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.grad_cam import clip_grad_cam, competing
from mmwsss.models.clip.prompt_learner import PromptLearner

__all__ = ['CLIP', 'CLIPTokens', 'FixedPrompts', 'PromptLearner', 'clip_grad_cam', 'competing']
