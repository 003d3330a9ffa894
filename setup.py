"""Puts configs and tools into the package, where mim and mmengine look: ``mmwsss/.mim``.

Everything else about the package is in ``setup.cfg``.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PARTS = ('configs', 'tools', 'projects', 'model-index.yml')


class BuildWithMim(build_py):
    """Copies the parts into a wheel; an editable installation gets links to them."""

    def run(self) -> None:
        """Build, then add the parts."""
        editable = getattr(self, 'editable_mode', False)
        if not editable:  # what an earlier build has left there would go into the wheel
            shutil.rmtree(Path(self.build_lib) / 'mmwsss', ignore_errors=True)
        super().run()
        if editable:
            target = ROOT / 'mmwsss' / '.mim'
            target.mkdir(exist_ok=True)
            for part in PARTS:
                link = target / part
                if not link.exists():
                    link.unlink(missing_ok=True)  # of a tree that was moved
                    link.symlink_to(Path('..', '..', part))
            return
        target = Path(self.build_lib) / 'mmwsss' / '.mim'
        target.mkdir(parents=True)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(
                    source, target / part, ignore=shutil.ignore_patterns('__pycache__', '*.pyc')
                )
            else:
                shutil.copy2(source, target / part)


setup(cmdclass={'build_py': BuildWithMim})
