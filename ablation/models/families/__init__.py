"""The designs: one file each."""
