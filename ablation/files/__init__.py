"""Files: written whole or not at all, tables of text cells read with their line numbers."""
