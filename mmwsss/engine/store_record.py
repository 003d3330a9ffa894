"""The record of a new store: what it was made from, and how."""

from typing import Any

from mmwsss.datasets.stores_read import stores_read
from mmwsss.stores import StoreMeta, StoreOutput
from mmwsss.stores.hashing import hash_file
from mmwsss.version import __version__


def new_meta(
    kind: str,
    output: StoreOutput,
    dataset: Any,
    *,
    config: str,
    checkpoint: str | None,
    stride: int,
    dtype: str,
) -> StoreMeta:
    """Describe a store that a model is about to write.

    What the stores that its data are read from say of themselves goes into the record too, so that
    it tells of every label that has been used.

    Args:
        kind: What it holds.
        output: What the model says of itself.
        dataset: The images; its transforms say which stores they read.
        config: Hash of the config of model and data.
        checkpoint: File of the model's weights, if it has any.
        stride: Of score maps.
        dtype: Of score maps.

    Raises:
        StoreError: A store that is read is of other classes.
    """
    sources = [use.store for use in stores_read(dataset)]
    classes = tuple(dataset.metainfo['classes'][1:])
    for store in sources:
        if store.meta.kind != 'proposals':  # those are of no classes
            store.require(classes=classes)
    refiners = [record for store in sources for record in store.meta.refiners]
    if output.refiner is not None:
        refiners.append(output.refiner)
    protocol = output.protocol
    for store in sources:
        protocol = {**store.meta.protocol, **protocol}
    return StoreMeta(
        kind,
        classes,
        dataset.list_hash,
        stride=stride,
        dtype=dtype,
        producer={
            'config': config,
            'checkpoint': hash_file(checkpoint) if checkpoint else '',
            'code': __version__,
        },
        parents=tuple(
            {'kind': store.meta.kind, 'producer': store.meta.producer} for store in sources
        ),
        refiners=tuple(refiners),
        threshold_tuned_on_masks=any(r.get('threshold_tuned_on_masks') for r in refiners),
        protocol={**dataset.tag_protocol, **protocol},
    )
