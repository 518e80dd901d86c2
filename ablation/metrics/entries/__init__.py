"""The metrics: functions with what tables, comparisons and reports must know of them."""
