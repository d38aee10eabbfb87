"""What leaves this machine: the outbox's worker and the sinks that it serves."""
