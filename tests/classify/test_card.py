from __future__ import annotations

import logging
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from monitor.classify.architectures import HEADS, build
from monitor.classify.card import Card, card_text, cards, export_path, find_card, own_cards, read_card, shipped_cards, weights_path
from monitor.classify.labels import fingerprint
from monitor.errors import WeightsError

SHIPPED = {"resnet18", "resnet34", "resnet50", "efficientnet_lite0"}
TORCHVISIONS = [name for name, card in shipped_cards().items() if card.url and "download.pytorch.org" in card.url]


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_a_card_of_torchvision_says_what_torchvision_says_of_its_file(name: str) -> None:
    build("resnet18", 2)  # makes torchvision importable where its operators are missing
    from torchvision.models import get_model_weights

    card = shipped_cards()[name]
    weights = get_model_weights(card.architecture).IMAGENET1K_V1
    assert (card.architecture, card.url, card.file) == (name, weights.url, weights.url.rpartition("/")[2])
    assert {"acc@1": card.top1, "acc@5": card.top5} == weights.meta["_metrics"]["ImageNet-1K"]
    assert round(card.size / 2**20, 3) == weights.meta["_file_size"]
    assert list(card.labels) == weights.meta["categories"]
    transforms, ours = weights.transforms(), card.preprocessing
    assert ([ours.resize], [ours.crop]) == (transforms.resize_size, transforms.crop_size)
    assert (ours.mean, ours.std) == (tuple(transforms.mean), tuple(transforms.std))


def test_shipped_cards_are_complete() -> None:
    shipped = shipped_cards()
    assert set(shipped) == SHIPPED
    assert SHIPPED - {"efficientnet_lite0"} == set(TORCHVISIONS)
    for card in shipped.values():
        assert card.architecture in HEADS
        assert card.sha256[:8] in card.file
        assert len(card.labels) == 1000
        assert card.labels_sha256 == fingerprint(card.labels)
        assert (card.url is None) != (card.package is None)


def test_the_preprocessing_of_efficientnet_lite0_is_x_minus_127_over_128() -> None:
    preprocessing = shipped_cards()["efficientnet_lite0"].preprocessing
    for mean, std in zip(preprocessing.mean, preprocessing.std, strict=True):
        assert (200 / 255 - mean) / std == pytest.approx((200 - 127) / 128)


def test_a_card_is_read_back_as_it_was_written(random_card: Card, tmp_path: Path) -> None:
    card = replace(random_card, labels=("no", "1e3", "ü: #x", " sp ace", "'"))
    (tmp_path / "random.yaml").write_text(card_text(card), "utf-8")
    assert find_card("random", tmp_path) == card
    assert weights_path(card, tmp_path).parent == tmp_path
    assert card.sha256[:8] in export_path(card, tmp_path).name


def test_labels_may_lie_in_a_file_beside_the_card(random_card: Card, tmp_path: Path) -> None:
    text = card_text(random_card)
    (tmp_path / "random.yaml").write_text(text[: text.index("labels:")] + "licence: none\nlabels: mine.txt\n", "utf-8")
    (tmp_path / "mine.txt").write_text("eins\nzwei\n")
    assert cards(tmp_path)["random"].labels == ("eins", "zwei")


@pytest.mark.parametrize(
    "change", [("- cat\n- dog\n", "- dog\n- cat\n"), ("- cat\n", "- cow\n"), ("- dog\n", ""), ("- cat\n", "- cat\n- cow\n")]
)
def test_labels_that_were_changed_or_put_in_another_order_are_refused(random_card: Card, tmp_path: Path, change: tuple[str, str]) -> None:
    text = card_text(replace(random_card, labels_sha256=fingerprint(random_card.labels)))
    (tmp_path / "random.yaml").write_text(text, "utf-8")
    assert find_card("random", tmp_path).labels == random_card.labels
    (tmp_path / "random.yaml").write_text(text.replace(*change), "utf-8")
    with pytest.raises(
        WeightsError, match=r"random\.yaml: its labels are not those it was made with .*import FILE --name random .*model\.labels"
    ):
        find_card("random", tmp_path)


def test_a_shipped_card_beside_another_list_of_a_thousand_labels_is_refused(tmp_path: Path) -> None:
    shipped = resources.files("monitor.classify") / "cards"
    (tmp_path / "resnet18.yaml").write_bytes((shipped / "resnet18.yaml").read_bytes())
    labels = tmp_path / "imagenet1k.txt"
    labels.write_bytes((shipped / "imagenet1k.txt").read_bytes())
    assert read_card(tmp_path / "resnet18.yaml", tmp_path) == shipped_cards()["resnet18"]
    labels.write_text("\n".join(sorted(labels.read_text("utf-8").splitlines())), "utf-8")
    with pytest.raises(WeightsError, match=r"resnet18\.yaml: its labels are not those it was made with .*: install monitor again"):
        read_card(tmp_path / "resnet18.yaml", tmp_path)


def test_a_broken_card_is_reported_and_does_not_take_the_others_with_it(
    random_card: Card, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "random.yaml").write_text(card_text(random_card), "utf-8")
    (tmp_path / "worse.yaml").write_text("name: [", "utf-8")
    with caplog.at_level(logging.WARNING):
        assert set(cards(tmp_path)) == {*SHIPPED, "random"}
    assert "worse.yaml" in caplog.text
    with pytest.raises(WeightsError, match=r"worse\.yaml"):
        find_card("worse", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: random", "name: other", "must be that of the file"),
        ("file: trained.pth", "file: ../../etc/passwd", "file: "),
        ("file: trained.pth", "file: .hidden", "file: "),
        ("size: ", "size: -", "size: "),
        ("crop: 224", "crop: 100000", "crop: "),
        ("- 0.229", "- 0.0", "std"),
        ("- 0.485", "- .nan", "mean"),
        ("licence: none", "licence: none\nurl: file:///etc/passwd", "url: "),
        ("licence: none", "licence: none\npackage: --index-url=http://x", "package: "),
        ("licence: none", "licence: none\nlicense: none", "license: "),
        ("licence: none", "licence: none\noriginal: [a, b, c]", "original: .*must not be written"),
        ("licence: none", "licence: none\nlabels_sha256: none", "labels_sha256: "),
        ("- cat", '- "c\\0at"', "control character"),
        ("- cat", "- no", "labels.0"),
        ("- cat\n- dog\n- nothing at all\n", "  missing.txt\n", "missing.txt"),
    ],
)
def test_a_card_that_breaks_a_rule_says_which(random_card: Card, tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = card_text(random_card)
    assert old in text
    (tmp_path / "random.yaml").write_text(text.replace(old, new), "utf-8")
    good, broken = own_cards(tmp_path)
    assert not good
    with pytest.raises(WeightsError, match=complaint):
        raise WeightsError(broken["random"])


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe\x00", b"[" * 5000, b"a: &a [*a]", b"!!python/object/apply:os.system ['true']"])
def test_a_file_that_is_no_card_at_all_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.yaml").write_bytes(content)
    assert set(own_cards(tmp_path)[1]) == {"odd"}


def test_nobody_can_shadow_a_shipped_card(tmp_path: Path) -> None:
    card = replace(shipped_cards()["resnet18"], file="mine.pth", sha256="0" * 64)
    (tmp_path / "resnet18.yaml").write_text(card_text(card), "utf-8")
    assert find_card("resnet18", tmp_path) == shipped_cards()["resnet18"]
    assert "shipped" in own_cards(tmp_path)[1]["resnet18"]


def test_an_unknown_name_gets_the_known_ones_and_the_likely_one(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"did you mean resnet18\?.*efficientnet_lite0"):
        find_card("resnet_18", tmp_path)


def test_without_a_folder_there_are_the_shipped_cards(tmp_path: Path) -> None:
    assert set(cards(tmp_path / "nowhere")) == SHIPPED
