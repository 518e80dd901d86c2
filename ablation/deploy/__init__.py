"""What a trained network is used for: masks of new scans, and files for other programs."""
