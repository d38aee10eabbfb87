"""`python -m vhealthd`."""

import sys

from vhealthd.cli import main

sys.exit(main())
