"""From findings to whoever must know: which alerts there are, where they go, and one module a channel."""
