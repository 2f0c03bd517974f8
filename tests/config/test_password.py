from __future__ import annotations

import base64
import threading

import pytest

from monitor.config.password import LONGEST, PasswordHash

CHEAP = 2**4
DATA = base64.b64encode(b"0123456789abcdef").decode()


def test_a_hash_fits_its_password_and_no_other() -> None:
    kept = PasswordHash.of("correct horse")
    assert kept.fits("correct horse")
    assert not any(kept.fits(other) for other in ("correct hors", "Correct horse", "correct horse ", ""))


def test_one_password_has_another_hash_each_time() -> None:
    assert PasswordHash.of("correct horse", CHEAP).digest != PasswordHash.of("correct horse", CHEAP).digest


@pytest.mark.parametrize("password", ["zwölf Möwen", "鍵鍵鍵鍵鍵鍵鍵鍵", "nul\0inside it", "half \ud83d of a pair", "x" * LONGEST])
def test_any_text_can_be_a_password(password: str) -> None:
    kept = PasswordHash.of(password, CHEAP)
    assert kept.fits(password)
    assert not kept.fits(password[:-1])


def test_a_text_longer_than_any_password_is_not_even_hashed() -> None:
    assert not PasswordHash.of("x" * (LONGEST + 1), CHEAP).fits("x" * (LONGEST + 1))


def test_what_is_written_is_read_back_and_takes_16_mb_to_check() -> None:
    kept = PasswordHash.of("correct horse")
    text = str(kept)
    assert text.startswith("scrypt$16384$8$5$")
    assert PasswordHash.parse(text) == kept
    assert 128 * kept.n * kept.r == 16 * 2**20
    assert len(kept.salt) == 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse",
        f"argon2$16384$8$1${DATA}${DATA}",
        f"scrypt$16384$8${DATA}${DATA}",
        f"scrypt$16384$8$1$1${DATA}${DATA}",
        f"scrypt$16384$8$1${DATA}${DATA}${DATA}",
        f"scrypt$16384$8$1${DATA}$",
        f"scrypt$16384$8$1$$${DATA}",
        f"scrypt$16384$8$1$*${DATA}",
        f"scrypt$16384$8$1${DATA}$AAAA",
        f"scrypt$16383$8$1${DATA}${DATA}",
        f"scrypt$-16384$8$1${DATA}${DATA}",
        f"scrypt$0$8$1${DATA}${DATA}",
        f"scrypt$1$8$1${DATA}${DATA}",
        f"scrypt$16384$0$1${DATA}${DATA}",
        f"scrypt$16384$8$0${DATA}${DATA}",
        f"scrypt$²$8$1${DATA}${DATA}",
        f"scrypt${'9' * 5000}$8$1${DATA}${DATA}",
    ],
)
def test_anything_else_is_told_what_to_put_there(text: str) -> None:
    with pytest.raises(ValueError, match="monitor hash-password"):
        PasswordHash.parse(text)


@pytest.mark.parametrize("costs", ["4194304$8$1", "1048576$8$1", "131072$16$1", "16384$8$17", "16$33$1"])
def test_a_hash_that_would_take_the_memory_or_the_day_is_refused(costs: str) -> None:
    with pytest.raises(ValueError, match="monitor hash-password"):
        PasswordHash.parse(f"scrypt${costs}${DATA}${DATA}")


def test_the_figures_of_owasp_are_accepted() -> None:
    kept = PasswordHash.parse(f"scrypt$131072$8$1${DATA}${DATA}")
    assert not kept.fits("correct horse")


def test_one_password_is_checked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = PasswordHash.of("correct horse", CHEAP)
    inside = threading.Lock()
    both = threading.Barrier(2)

    def alone(*_: object) -> bytes:
        assert inside.acquire(blocking=False), "two at once"
        # Whoever were let in beside us would be in by now.
        with pytest.raises(threading.BrokenBarrierError):
            both.wait(0.05)
        both.reset()
        inside.release()
        return kept.digest

    monkeypatch.setattr("monitor.config.password._scrypt", alone)
    results: list[bool] = []
    askers = [threading.Thread(target=lambda: results.append(kept.fits("any"))) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert results == [True, True]
