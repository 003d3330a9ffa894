"""Text prompts that are not trained: one fixed sentence for each class."""

from collections.abc import Sequence

from torch import Tensor

from mmwsss.models.clip.clip import CLIP

#: Names of backgrounds in photos, from CLIP-ES (its list for VOC).
# fmt: off
BACKGROUND = (
    'ground', 'land', 'grass', 'tree', 'building', 'wall', 'sky', 'lake', 'water', 'river', 'sea',
    'railway', 'railroad', 'keyboard', 'helmet', 'cloud', 'house', 'mountain', 'ocean', 'road',
    'rock', 'street', 'valley', 'bridge', 'sign',
)
# fmt: on


class FixedPrompts:
    """One fixed sentence for each class, by default that of CLIP-ES.

    `CLIP is Also an Efficient Segmenter <https://arxiv.org/abs/2212.09506>`_. Nothing is trained or
    saved; features are computed once and kept.

    Args:
        names: Names of the C foreground classes, in order. They need not be the data set's names:
            CLIP-ES says 'bird avian' for a bird.
        background: Names of backgrounds. Those that are also names of classes are left out.
        template: The sentence; ``{}`` stands for the name.

    Raises:
        ValueError: There is no name, or the template has no place for it.
    """

    def __init__(
        self,
        names: Sequence[str],
        background: Sequence[str] = BACKGROUND,
        *,
        template: str = 'a clean origami {}.',
    ):
        if isinstance(names, str) or not names or not all(names):
            raise ValueError(
                f'a name for each class is expected, none of them empty, found {names!r}'
            )
        if template.count('{}') != 1:
            raise ValueError(f'the template has one {{}} for the name, found {template!r}')
        self.names = tuple(names)
        self.background = tuple(word for word in background if word not in self.names)
        self.template = template
        self._kept: tuple[tuple, Tensor] | None = None

    def __len__(self) -> int:
        return len(self.names) + len(self.background)

    def require(self, num_classes: int) -> None:
        """Raise an error if the number of classes differs.

        Raises:
            ValueError: The numbers differ.
        """
        if len(self.names) != num_classes:
            raise ValueError(
                f'{len(self.names)} names of prompts for {num_classes} classes '
                f'({", ".join(self.names)}): give one name for each class, in the order of the '
                'data set; the others belong into background'
            )

    def features(self, clip: CLIP) -> Tensor:
        """Encode all sentences, the classes first.

        Returns:
            Normalised features. Shape: (G, E), float32, on CLIP's device.

        Raises:
            ValueError: A sentence is longer than CLIP's context.
        """
        key = (id(clip), clip.device)
        if self._kept is None or self._kept[0] != key:
            texts = [self.template.format(name) for name in (*self.names, *self.background)]
            self._kept = key, clip.text_features(texts)
        return self._kept[1]

    def protocol(self) -> dict[str, object]:
        """Describe the prompts for the record of a store."""
        return dict(template=self.template, background=list(self.background))
