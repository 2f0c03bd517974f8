"""The verbs of the command line, one file each.

A verb has `add(verbs)`, which declares its arguments, and a function that does it and returns an exit code. Results go to stdout,
messages to stderr. A verb imports what it needs when it runs, so that `monitor --help` needs neither OpenCV nor a model.
"""
