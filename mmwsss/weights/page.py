"""The list of weight files as a page of the documentation."""

from mmwsss.weights.catalogue import WeightFile, read_catalogue

_HEAD = """\
# Weights

Nothing is downloaded at run time. Configs name local files below `checkpoints/`:

```bash
mmwsss weights mmwsss::s2c/s2c_voc_recipe.py              # what is needed and missing
mmwsss weights mmwsss::s2c/s2c_voc_recipe.py --download   # what has a plain link; resumes
```

A file takes its name only after its size and hash have been found right. This page is printed by
`mmwsss weights --markdown`; what is left out, the owner does not publish, or its entry says that
it is not verified. Of a hash that ends in `...` only the part that stands in the file's name is
published.
"""


def as_markdown() -> str:
    """The page."""
    parts = [_HEAD]
    for entry in read_catalogue().values():
        parts.append(f'## `{entry.name}`\n\n{entry.what}\n')
        parts.append('\n'.join(f'- {line}' for line in _facts(entry)) + '\n')
    return '\n'.join(parts)


def _facts(entry: WeightFile) -> list[str]:
    if entry.made_from:
        return [
            f'made from `{entry.made_from}`: `mmwsss convert {entry.convert} '
            f'checkpoints/{entry.made_from} checkpoints/{entry.name}`'
        ]
    facts = [f'from <{entry.url}>' if entry.url else 'no plain download is known']
    if entry.size is not None:
        facts.append(f'{entry.size:,} bytes')
    for name, value in (
        ('SHA-256', entry.sha256),
        ('SHA-256', entry.sha256_prefix and f'{entry.sha256_prefix}...'),
        ('MD5', entry.md5),
    ):
        if value:
            facts.append(f'{name} `{value}`')
    if entry.licence:
        facts.append(f'licence: {entry.licence}')
    if entry.remarks:
        facts.append(entry.remarks)
    return facts
