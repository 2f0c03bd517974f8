"""Answers to a camera that asks for a password, against the examples of the standards."""

from __future__ import annotations

import re

import pytest

from monitor.camera.login import Login, authorization


def test_basic_is_answered_as_in_rfc_7617() -> None:
    answer = authorization(['Basic realm="WallyWorld"'], "GET", "/", "Aladdin", "open sesame")
    assert answer == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_digest_without_qop_is_answered_as_in_rfc_2069() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    answer = authorization([challenge], "GET", "/dir/index.html", "Mufasa", "CircleOfLife")
    assert answer is not None
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answer  # as corrected by RFC 2069's erratum 749
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer


@pytest.mark.parametrize("algorithm", ["", ", algorithm=MD5", ", algorithm=SHA-256"])
def test_digest_with_qop_counts_and_brings_a_nonce_of_its_own(algorithm: str) -> None:
    challenge = f'Digest realm="cam", nonce="abc", qop="auth,auth-int"{algorithm}'
    first, second = (authorization([challenge], "DESCRIBE", "rtsp://cam/", "viewer", "secret") for _ in range(2))
    assert first is not None
    assert first != second
    assert "qop=auth, nc=00000001" in first
    length = 64 if "256" in algorithm else 32
    assert re.search(rf'response="[0-9a-f]{{{length}}}"', first)
    assert "secret" not in first


def test_digest_is_preferred_to_basic() -> None:
    answer = authorization(['Basic realm="cam"', 'Digest realm="cam", nonce="abc"'], "DESCRIBE", "rtsp://cam/", "viewer", "secret")
    assert answer is not None
    assert answer.startswith("Digest ")


def test_a_digest_that_nobody_here_knows_falls_back_to_basic() -> None:
    offers = ['Digest realm="cam", nonce="abc", algorithm=SHA-512-256', 'Basic realm="cam"']
    assert (authorization(offers, "GET", "/", "viewer", "secret") or "").startswith("Basic ")


@pytest.mark.parametrize("challenge", ["Digest", "Digest nonsense", "Digest realm=", 'Digest realm="cam"', "Bearer", "", "Negotiate abc"])
def test_a_challenge_that_cannot_be_answered_is_left_unanswered(challenge: str) -> None:
    assert authorization([challenge], "GET", "/", "viewer", "secret") is None


def test_quotes_in_a_user_name_cannot_break_the_header() -> None:
    answer = authorization(['Digest realm="cam", nonce="abc"'], "GET", "/", 'a", uri="/x', "secret")
    assert answer is not None
    assert r'username="a\", uri=\"/x"' in answer


def test_a_nonce_is_used_again_and_counted_until_there_is_another() -> None:
    login = Login("viewer", "secret")
    assert login.answer("GET", "/a") is None
    assert login.take(['Digest realm="cam", nonce="abc", qop="auth"'])
    counts = [re.findall(r"nc=([0-9a-f]+)", login.answer("GET", path) or "") for path in ("/a", "/b")]
    assert login.take(['Digest realm="cam", nonce="def", qop="auth"'])
    counts.append(re.findall(r"nc=([0-9a-f]+)", login.answer("GET", "/a") or ""))
    assert counts == [["00000001"], ["00000002"], ["00000001"]]


def test_nothing_is_answered_without_a_user_name_or_to_an_unknown_challenge() -> None:
    nobody, viewer = Login(None, ""), Login("viewer", "secret")
    assert not nobody.take(["Basic"])
    assert nobody.answer("GET", "/") is None
    assert not viewer.take(["Bearer"])
    assert viewer.answer("GET", "/") is None
