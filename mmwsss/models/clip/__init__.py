"""CLIP: a frozen wrapper of open_clip's networks, and prompts, learned or fixed."""

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.clip.grad_cam import clip_grad_cam, competing
from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.clip.prompt_learner import PromptLearner
from mmwsss.models.clip.seeder import CLIPSeeder

__all__ = [
    'CLIP',
    'CLIPSeeder',
    'CLIPTokens',
    'FixedPrompts',
    'PromptLearner',
    'clip_grad_cam',
    'competing',
]
