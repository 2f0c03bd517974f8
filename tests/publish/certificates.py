"""Certificates made by the openssl command line."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

LOCAL = "IP:127.0.0.1"


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    cert: Path
    key: Path


def certificate(folder: Path, name: str, *, host: str = LOCAL, end: str = "20991231235959Z", signer: Certified | None = None) -> Certified:
    """Make a certificate for `host` that is valid from 2020 to `end`, signed by itself unless there is a signer."""
    home = folder / name
    home.mkdir()
    (home / "index").touch()
    (home / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=us\n[us]\ndatabase={home}/index\nnew_certs_dir={home}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
        f"x509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName={host}\n"
        f"basicConstraints=CA:{'FALSE' if signer else 'TRUE'}\n"
    )
    made, request = Certified(home / "cert.pem", home / "key.pem"), home / "request.pem"
    new_key: list[str | Path] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", made.key]
    _openssl("req", "-new", *new_key, "-out", request, "-subj", f"/CN={name}")
    signed_by: list[str | Path] = ["-cert", signer.cert, "-keyfile", signer.key] if signer else ["-selfsign", "-keyfile", made.key]
    validity = ["-startdate", "20200101000000Z", "-enddate", end]
    _openssl("ca", "-batch", "-config", home / "ca.cnf", *validity, *signed_by, "-in", request, "-out", made.cert, "-notext")
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
