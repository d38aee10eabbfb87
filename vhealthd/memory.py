"""Sets the garbage collector up for what this program holds: millions of small records, none of them in a cycle."""

import gc

# Objects made until the collector looks at the young ones; it looks at all of them 1,000 times less often. By default
# it goes through the whole inventory again and again while that is read: a quarter of the time of a scan of 20,000 VMs,
# in pauses of up to 300 ms.
_YOUNG, _MIDDLE, _OLD = 100_000, 20, 50


def relax_collector() -> None:
    """Let the collector leave alone what is there by now, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
