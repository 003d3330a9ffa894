# SAM-based seeding with colour regions: they cover everything, so the finer ones lie on top. The
# power was chosen on masks of the built-in photos: there, model.refiner.tuned_on_masks=True.
# DATA: msrc, shapes.
_base_ = './sam-seeding.py'

model = dict(refiner=dict(power=2.0, on_top='parts'))
