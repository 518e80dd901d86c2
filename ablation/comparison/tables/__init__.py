"""Which rows are compared: cases aligned over designs, cases that one lacks, pooled folds."""
