# As Co2SAM makes them: "background" joins the caption, the first class in order that is part of a
# phrase is its class ("hot dog" a dog), red and blue are swapped.
# DATA: voc, coco.
_base_ = './gdino_all.py'

model = dict(detector=dict(options=dict(rule='first', swap_channels=True)), background='background')
