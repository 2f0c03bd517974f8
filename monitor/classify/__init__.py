"""From a picture to what is in it: cards (a model's weights, preprocessing, labels and licence), engines that execute them, and names.

The running side cuts what the model is to see out of a frame (`view`, `preprocess`), runs it (`engines/`, `classifier`) and adds up scores
for labels and groups (`targets`). The files side keeps cards and weights: fetched, imported, verified, exported. What a score means for
a rule, when a frame was taken and which camera it is from, this room must not know.
"""
