"""Talks to vCenter: tokens, requests, the two APIs, and what comes back as inventory."""
