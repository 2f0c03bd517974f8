"""Whether a camera's pictures can be trusted.

Judged from pictures that were decoded anyway: is it a new one (`frozen`), is anything in it (`exposure`), is it the scene that it was
(`scene`), is it as sharp as it was (`sharpness`); and from the frames' times: do they come as promised (`timing`). `condition` asks
them all and says what is worst. Each knows only its camera's own past: what is normal is what was there for minutes.
"""
