"""Command-line options of the test suite (here, so that every way of calling pytest knows them)."""


def pytest_addoption(parser):
    """Add the options of the project's own tests."""
    parser.addoption(
        '--golden-root',
        metavar='DIR',
        help='folder of golden cases <method>/<case>.json; default: the copies in tests/golden',
    )
