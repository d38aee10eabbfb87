"""Sets the interpreter up for what this program does: it holds many small records and must keep its event loop free."""

import gc
import sys

# Objects made until the collector looks at the young ones, which takes about 5 ms. By default it also goes through the
# whole inventory again and again while that is read: a quarter of the time of a scan of 20,000 VMs, in pauses of up to
# 300 ms. None of the records is part of a cycle, so it need do that only once in a hundred million objects.
_YOUNG, _MIDDLE, _OLD = 20_000, 5_000, 10
# Seconds that the thread in which checks judge may keep the interpreter while the event loop waits for it.
_SWITCH = 0.001


def tune() -> None:
    """Let the collector leave alone what is there by now and look at the rest less often; give way sooner."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    sys.setswitchinterval(_SWITCH)


def sweep() -> None:
    """Free what a scan leaves behind: its parts know each other in rings, which would stay for many more scans."""
    gc.collect()
