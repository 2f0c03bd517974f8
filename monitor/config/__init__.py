"""Settings: what a person writes, checked and typed. Nothing here opens a camera, a socket or a model.

`load.py` is the way through: `read.py` gets the text, `document.py` turns YAML into plain data that knows its lines (`fill.py`: values
that stand elsewhere; `syntax.py`: YAML's complaints in plain words), `schema.py` gives it types (`explain.py`: pydantic's complaints in
plain words), `names.py` checks names against each other, `settle.py` fills in what depends on the machine. `hints.py` and `exposure.py`
warn; `dump.py` shows a configuration without its secrets.
"""
