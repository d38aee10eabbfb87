"""The mock estate: a vCenter, a DNS server and the seeded world that they serve."""
