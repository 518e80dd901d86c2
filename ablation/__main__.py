"""`python -m ablation` is the `ablate` command."""

from ablation.cli.app import main

main()
