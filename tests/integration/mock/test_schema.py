"""The server's table of declared types says what VMware's own says."""

import pytest
from mocks import schema
from mocks.estate import ENCODERS

from tests.integration.mock.vimschema import UnknownPathError, resolve_path
