"""What the model sees of a camera, drawn over one of its pictures."""

from __future__ import annotations

from itertools import cycle

from monitor.camera.drawing import CYAN, GREEN, MAGENTA, ORANGE, WHITE, YELLOW, Drawing
from monitor.classify.card import Preprocessing
from monitor.classify.resample import Box, centre_crop
from monitor.classify.view import square_of, square_of_movement
from monitor.config.schema import CameraSettings
from monitor.values import WHOLE, Image, Region


def draw_seen(image: Image, settings: CameraSettings, looked_at: set[str], preprocessing: Preprocessing, movement: Region | None) -> Image:
    """Return a copy of `image`, which is masked, with the masks, the zones, and the square that the model sees of each that is looked at.

    movement: where something moves in it, None if nothing does.
    """
    drawing = Drawing(image)
    height, width = image.shape[:2]
    for mask in settings.masks:
        drawing.polygon(mask, "mask", WHITE)
    for (zone, polygon), colour in zip(settings.zones.items(), cycle((CYAN, MAGENTA, ORANGE)), strict=False):
        drawing.polygon(polygon, zone if zone in looked_at else f"{zone}: no rule", colour)
        if zone in looked_at:
            drawing.square(square_of(polygon, width, height), "", colour)
    if WHOLE not in looked_at:
        return drawing.done()
    if settings.view == "letterbox":
        drawing.square(Box(0, 0, width, height), "frame: all of it", YELLOW)
        return drawing.done()
    centre = centre_crop(width, height, preprocessing.resize, preprocessing.crop)
    drawing.square(centre, "frame: without movement" if settings.view == "motion" else "frame: the centre", YELLOW)
    if settings.view == "motion" and movement:
        drawing.square(square_of_movement(movement, width, height), "frame: what moves", GREEN)
    return drawing.done()
