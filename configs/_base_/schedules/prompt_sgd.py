# FMA-WSSS's optimiser of contexts. A config adds the schedule: a hundredth of the rate while it
# warms up (the published warm-up begins and ends with that), then a cosine to zero.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4)
)
