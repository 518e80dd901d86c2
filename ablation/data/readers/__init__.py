"""Layouts of scans: one file each."""
