"""What users call: run a recipe, a trained network on photos, or CLIP on a photo and texts.

All are imported when they are asked for, so that planning a recipe needs no torch.
"""

from mmwsss.lazy import lazy_names

HOMES = {
    'CAMViews': 'mmwsss.apis.viewing',
    'Inference': 'mmwsss.apis.inferencer',
    'PipelineError': 'mmwsss.recipes.errors',
    'RecipeError': 'mmwsss.recipes.errors',
    'WSSSInferencer': 'mmwsss.apis.inferencer',
    'cam_views': 'mmwsss.apis.viewing',
    'clip_cam': 'mmwsss.apis.text_cams',
    'predict': 'mmwsss.apis.predicting',
    'run_pipeline': 'mmwsss.recipes.pipeline',
}
__all__ = list(HOMES)
__getattr__ = lazy_names(__name__, HOMES)
