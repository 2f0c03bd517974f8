from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.doctor.account import Account, account_of


def test_without_a_service_it_is_whoever_asks() -> None:
    for unit in (None, {"LoadState": "not-found", "User": "nobody"}, {"LoadState": "loaded", "User": "no-such-user"}):
        account = account_of(unit)
        assert account.uid == os.geteuid()
        assert os.getegid() in account.groups


def test_of_a_service_it_is_its_user_with_the_groups_that_the_unit_adds() -> None:
    account = account_of({"LoadState": "loaded", "User": "daemon", "SupplementaryGroups": "4444 no-such-group"})
    assert (account.name, account.uid) == ("daemon", 1)
    assert 4444 in account.groups


@pytest.mark.parametrize(
    ("mode", "owner", "group", "others"), [(0o700, True, False, False), (0o070, False, True, False), (0o002, False, False, True)]
)
def test_rights_are_those_of_the_first_class_that_fits(tmp_path: Path, mode: int, owner: bool, group: bool, others: bool) -> None:
    tmp_path.chmod(mode)
    facts = tmp_path.stat()
    uid, gid = facts.st_uid or 12_345, facts.st_gid
    os.chown(tmp_path, uid, gid) if os.geteuid() == 0 else None
    assert Account("owner", uid, frozenset({gid})).may(tmp_path, os.W_OK) is owner
    assert Account("group", uid + 1, frozenset({gid})).may(tmp_path, os.W_OK) is group
    assert Account("others", uid + 1, frozenset()).may(tmp_path, os.W_OK) is others
    assert Account("root", 0, frozenset()).may(tmp_path, os.W_OK)
    tmp_path.chmod(0o700)


def test_a_folder_above_that_is_closed_keeps_everybody_out(tmp_path: Path, stranger: Account) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    assert not stranger.may_reach(inner)
