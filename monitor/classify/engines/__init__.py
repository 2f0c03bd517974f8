"""What executes a card: one module per library, equal citizens behind one protocol.

An engine takes the model's input and gives its logits, nothing else: it knows no picture, no label and no setting. Its library is
imported when an engine is made, never before; which engine is taken, and whether it can be trusted, is decided in `load.py`.
"""
