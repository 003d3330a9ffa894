"""``python -m mmwsss``: the preflight."""

import sys

from mmwsss.preflight import main

if __name__ == '__main__':
    sys.exit(main())
