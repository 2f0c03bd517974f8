"""Whether a frame deserves a look.

The cheap judgements that come before the costly one: how often to look (`skip`), and whether anything moved. A gate is told a
frame's number, its time or a small picture and answers yes or no; it must not know of cameras, models, rules or threads.
"""
