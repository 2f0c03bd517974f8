from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from monitor.classify.card import shipped_cards
from monitor.classify.golden import agrees, golden_input


def test_the_golden_input_is_the_same_on_every_machine() -> None:
    image = golden_input(shipped_cards()["resnet18"])
    assert image.shape == (1, 3, 224, 224)
    assert image.dtype == np.float32
    assert hashlib.sha256(image.tobytes()).hexdigest()[:16] == "11d24cfd598e6ee5"


def test_it_is_a_picture_seen_through_the_cards_preprocessing() -> None:
    card = shipped_cards()["efficientnet_lite0"]
    small = replace(card, preprocessing=replace(card.preprocessing, crop=64))
    pixels = golden_input(small) * 128 + 127
    assert pixels.shape == (1, 3, 64, 64)
    assert pixels.min() >= -0.01
    assert pixels.max() <= 255.01
    assert all(channel.std() > 50 for channel in pixels[0])


def test_answers_agree_up_to_rounding_only() -> None:
    logits = np.array([[1.0, -2.0, 8.0]], np.float32)
    assert agrees(logits + 1e-5, logits)
    assert not agrees(logits + 0.1, logits)
    assert not agrees(logits[:, :2], logits)
    assert not agrees(np.full_like(logits, np.nan), np.full_like(logits, np.nan))
