"""Whether a frame deserves a look.

The cheap judgements that come before the costly one: how often to look (`skip`, `duty`), whether the pictures can be trusted
(`condition`) and whether anything moves (`motion`, against a `background` in today's `light`); `watch` asks them all. A gate is told a
frame's number, its time or a small picture and answers yes or no; it must not know of cameras, models, rules or threads.
"""
