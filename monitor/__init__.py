"""A camera surveillance daemon for small boxes: frames in, classified on the CPU, alerts out over MQTT."""

__version__ = "0.1.0"
