"""How Home Assistant comes to know our cameras by itself: entities, how they are announced, and what is tidied up when they change. Pure.

`bridge` and `camera` say which entities there are, once; `render` writes them in the two forms that Home Assistant understands; `retained`
lists what else stays at the broker; `changes` compares what was announced before with what is announced now.
"""
