"""Files: written whole or not at all, tables read and written as text cells.

atomic.py     locks between processes, and whole writes
csv_rows.py   CSV files that ablate writes itself
csv_lines.py  CSV files of any tool
"""
