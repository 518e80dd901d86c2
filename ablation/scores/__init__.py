"""Results that come from elsewhere, as runs the report compares like its own.

mask_files.py  one file of labels or channels, read or refused
pairing.py     which prediction belongs to which truth
regions.py     which labels or channels make up a target
masks.py       predictions scored against truths
tables.py      per-case tables of any tool, and nnunet.py those of nnU-Net
runs.py        the run folder of what was imported
"""
