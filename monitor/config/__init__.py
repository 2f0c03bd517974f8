"""Settings: what a person writes, checked and typed. Nothing here opens a camera, a socket or a model."""
