"""What the daemon says of itself: its log, and the figures of its cameras and its process.

It is handed plain numbers and settings. It knows neither cameras, models, databases nor MQTT, and publishes nothing; whoever
publishes asks for the dictionaries that are made here.
"""
