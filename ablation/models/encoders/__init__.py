"""Ready-made encoders: one file each."""
