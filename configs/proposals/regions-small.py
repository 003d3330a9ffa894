# Colour regions of photos of about 100 pixels, as the built-in ones are.
# DATA: shapes.
_base_ = './regions.py'

model = dict(proposer=dict(scales=(900, 3000, 9000)))
