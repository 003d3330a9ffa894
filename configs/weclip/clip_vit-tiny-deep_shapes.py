# The tiny CLIP of configs/fma with three blocks in the place of one: a decoder on tokens needs some
# before the last.
_base_ = '../fma/clip_vit-tiny_shapes.py'

model = dict(arch=dict(vision_layers=3))
