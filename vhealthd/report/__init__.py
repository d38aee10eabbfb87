"""Makes what people and machines read of a scan: PDF and JSON."""
