"""From a trained network to masks: probability maps and thresholds."""
