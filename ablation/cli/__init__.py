"""The command line: each command parses, calls one library function, prints."""

from tracking.redaction import hide_arguments

hide_arguments()  # first of all: the other modules take a second to load
