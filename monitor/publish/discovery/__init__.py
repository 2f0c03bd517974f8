"""How Home Assistant comes to know our cameras by itself: entities, how they are announced, and what is tidied up when they change. Pure.

`entities` says what there is, once; `render` writes it in the two forms that Home Assistant understands; `changes` compares what was
announced before with what is announced now.
"""
