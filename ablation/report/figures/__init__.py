"""What every figure shares: colours, axes, the comparisons that are drawn, files for a paper."""
