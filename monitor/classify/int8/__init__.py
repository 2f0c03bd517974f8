"""int8 that earns its place: made from a card's export on the user's own pictures, measured on others, kept where it is as good as fp32.

`file.py` is all that whoever runs an int8 file needs; the rest makes one.
"""
