"""What a predicted mask is worth: overlap, surface distance, lesions, and the per-case table.

masks.py checks a pair of masks, overlap.py counts voxels, surface.py measures distances,
lesions.py counts lesions; cases.py makes one row of the table out of them, empty.py says
what an empty mask is worth, table.py writes and reads the file.
"""
