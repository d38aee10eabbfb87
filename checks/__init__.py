"""The checks, one file each. The file name is the slug."""
