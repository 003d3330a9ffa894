"""The record ``meta.json`` that describes a store."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mmwsss.stores.atomic import atomic_write_json
from mmwsss.stores.errors import StoreError
from mmwsss.stores.records import RecordError, conforms, describe, read_record

SCHEMA_VERSION = 1
KINDS = ('scores', 'masks', 'proposals', 'prompts')
FILE_NAME = 'meta.json'
_FIELDS = {
    'kind': str,
    'classes': [str],
    'list_hash': str,
    'stride': int,
    'dtype': str,
    'producer': {str: str},
    'parents': [dict],
    'refiners': [dict],
    'threshold_tuned_on_masks': bool,
    'protocol': dict,
    'id_offset': int,
    'ignore_index': int,
    'schema_version': int,
}


@dataclass(frozen=True)
class StoreMeta:
    """Identity and origin of a store.

    Args:
        kind: 'scores', 'masks', 'proposals' or 'prompts'.
        classes: The C foreground names; class id k of a score store is ``classes[k]``.
        list_hash: Hash of the ids that the store is made for.
        stride: Score maps have ``ceil(H / stride)`` rows. 1 for the other kinds.
        dtype: 'float16' or 'float32' (scores), 'uint8' (masks), 'rle' (proposals), 'float32'
            (prompts).
        producer: Hashes of what made it: 'config', 'checkpoint' and 'code'.
        parents: Records of the stores it was made from (path, kind, producer).
        refiners: Protocols of the refiners applied, in order.
        threshold_tuned_on_masks: Whether a background score was chosen on ground truth.
        protocol: How it was made, for printing beside a number (scales, flip, ...).
        id_offset: Mask value of class id 0.
        ignore_index: Mask value of pixels without a label.
        schema_version: Version of this record.
    """

    kind: str
    classes: tuple[str, ...]
    list_hash: str
    stride: int = 1
    dtype: str = ''
    producer: dict[str, str] = field(default_factory=dict)
    parents: tuple[dict[str, Any], ...] = ()
    refiners: tuple[dict[str, Any], ...] = ()
    threshold_tuned_on_masks: bool = False
    protocol: dict[str, Any] = field(default_factory=dict)
    id_offset: int = 1
    ignore_index: int = 255
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        for name, expected in _FIELDS.items():
            if not conforms(value := getattr(self, name), expected):
                raise StoreError(f'{name} must be {describe(expected)}, found {value!r}')
        allowed = {
            'scores': ('float16', 'float32'),
            'masks': ('uint8',),
            'proposals': ('rle',),
            'prompts': ('float32',),
        }
        if self.kind not in KINDS:
            raise StoreError(f'kind must be one of {", ".join(KINDS)}, found {self.kind!r}')
        dtype = self.dtype or allowed[self.kind][0]
        if dtype not in allowed[self.kind]:
            raise StoreError(
                f'dtype of {self.kind} must be one of {", ".join(allowed[self.kind])}, '
                f'found {dtype!r}'
            )
        if self.stride < 1 or (self.kind != 'scores' and self.stride != 1):
            raise StoreError(f'stride {self.stride} does not fit a store of {self.kind}')
        set_ = object.__setattr__
        set_(self, 'dtype', dtype)
        for name in ('classes', 'parents', 'refiners'):
            set_(self, name, tuple(getattr(self, name)))
        if self.classes[:1] == ('background',):
            raise StoreError(
                'classes are the foreground names alone, found background first: class id 0 is the '
                'first after it (metainfo["classes"][1:] of a data set)'
            )
        if len(self.classes) > 254:
            raise StoreError(
                f'a mask holds at most 254 classes beside background and ignore, found '
                f'{len(self.classes)}'
            )

    def save(self, folder: Path) -> None:
        """Write ``meta.json`` into a store's folder."""
        atomic_write_json(folder / FILE_NAME, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> 'StoreMeta':
        """Read ``meta.json`` of a store's folder."""
        path = folder / FILE_NAME
        try:
            content = read_record(path, {})
        except (FileNotFoundError, NotADirectoryError):
            hint = 'it is no store' if folder.is_dir() else 'the folder does not exist'
            raise StoreError(
                f'{folder}: no {FILE_NAME} found: {hint}. Run the stage that makes it, or '
                'import foreign seeds or masks: tools/dataset_converters/import_seeds.py'
            ) from None
        except RecordError as error:
            raise StoreError(f'{error}; it is no store meta') from None
        known = {f.name for f in fields(cls)}
        if not {'kind', 'classes', 'list_hash'} <= set(content):
            raise StoreError(f'{path}: kind, classes and list_hash are needed; it is no store meta')
        version = content.get('schema_version')
        if version != SCHEMA_VERSION or set(content) - known:
            raise StoreError(
                f'{path}: schema version {version} with keys {sorted(set(content) - known)} '
                f'beyond the known ones; this version of mmwsss reads version {SCHEMA_VERSION}'
            )
        try:
            return cls(**content)
        except StoreError as error:
            raise StoreError(f'{path}: {error}; it is no store meta') from None

    def differences(self, other: 'StoreMeta') -> dict[str, tuple[Any, Any]]:
        """Fields in which two records differ, as they stand in JSON."""
        mine, theirs = (json.loads(json.dumps(asdict(meta))) for meta in (self, other))
        return {k: (mine[k], theirs[k]) for k in mine if mine[k] != theirs[k]}
