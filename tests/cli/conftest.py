"""What the tests of the command line share."""

from tests.cli.console import console  # noqa: F401  a fixture
