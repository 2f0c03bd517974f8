from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.classify import cpu

X86 = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) N100
flags\t\t: fpu sse2 avx2 {}

processor\t: 1
model name\t: another one
flags\t\t: fpu avx512_vnni
"""
ARM = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid asimddp
CPU implementer\t: 0x41

Hardware\t: BCM2835
Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""

Pretend = Callable[..., None]


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretend]:
    """Make this CPU another one: pretend(machine, content of /proc/cpuinfo or None, the board's name or None)."""

    def change(machine: str, cpuinfo: str | None, board: str | None = None) -> None:
        cpu._facts.cache_clear()
        for name, content in (("CPUINFO", cpuinfo), ("BOARD", board)):
            file = tmp_path / name
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_text(content)
            monkeypatch.setattr(cpu, name, file)
        monkeypatch.setattr("platform.machine", lambda: machine)

    yield change
    cpu._facts.cache_clear()


def test_a_pc_is_known_by_the_name_of_its_first_processor(pretend: Pretend) -> None:
    pretend("x86_64", X86.format("avx_vnni"))
    assert cpu.cpu_name() == "Intel(R) N100"


def test_a_raspberry_pi_is_known_by_its_board(pretend: Pretend) -> None:
    pretend("aarch64", ARM, "Raspberry Pi 5 Model B Rev 1.0\0")
    assert cpu.cpu_name() == "Raspberry Pi 5 Model B Rev 1.0"
    pretend("aarch64", ARM)
    assert cpu.cpu_name() == "aarch64"


@pytest.mark.parametrize(
    ("machine", "cpuinfo", "exactly"),
    [
        ("x86_64", X86.format(""), False),
        ("x86_64", X86.format("avx_vnni"), True),
        ("x86_64", X86.format("avx512f avx512_vnni"), True),
        ("x86_64", X86.format("avx_vnni_int8x"), False),
        ("AMD64", None, False),
        ("x86_64", None, False),
        ("x86_64", "", False),
        ("aarch64", ARM, True),
        ("aarch64", None, True),
        ("arm64", None, True),
    ],
)
def test_int8_products_overflow_only_on_x86_before_vnni(pretend: Pretend, machine: str, cpuinfo: str | None, exactly: bool) -> None:
    pretend(machine, cpuinfo)
    assert cpu.multiplies_bytes_exactly() is exactly


def test_the_id_changes_with_the_instruction_sets_and_the_architecture_only(pretend: Pretend) -> None:
    ids = []
    for machine, cpuinfo in (
        ("x86_64", X86.format("")),
        ("x86_64", X86.format("avx_vnni")),
        ("aarch64", ARM),
        ("aarch64", ARM.replace("asimddp", "")),
        ("aarch64", None),
        ("x86_64", None),
    ):
        pretend(machine, cpuinfo)
        ids.append(cpu.cpu_id())
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 8 and set(each) <= set("0123456789abcdef") for each in ids)
    pretend("x86_64", X86.format("").replace("fpu sse2 avx2", "avx2 fpu sse2").replace("N100", "N101"))
    assert cpu.cpu_id() == ids[0]


def test_without_proc_cpuinfo_there_is_still_a_name_and_an_id(pretend: Pretend) -> None:
    pretend("riscv64", None)
    assert cpu.cpu_name() == "riscv64"
    assert len(cpu.cpu_id()) == 8


def test_this_cpu_is_the_same_each_time() -> None:
    assert cpu.cpu_id() == cpu.cpu_id()
    assert cpu.cpu_name()
