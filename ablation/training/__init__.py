"""Training of one configuration: the warm trainer, its schedule, its randomness, its checkpoints."""
