"""What is run: one design on one data set, its trials and finals, their scores."""
