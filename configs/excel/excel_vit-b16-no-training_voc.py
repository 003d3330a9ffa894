# ExCEL without any training: similarities and CLIP's own attention alone; no checkpoint is needed.
_base_ = './excel_vit-b16-seeds_voc.py'

model = dict(test_cfg=dict(learnt=False, threshold=0.79))
