"""The certification authority of a cluster run: keys for its people, and TSA, OCSP and CRL over HTTP.

    python -m tests.cluster.authorities DIRECTORY PORT

Its signers' names do not say DEMO, for production refuses those; they say that they are of a test.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import uvicorn
from fastapi import FastAPI

from api import trust_desk
from api.demo import furnish, roles
from api.demo.pki import DemoPki, make_demo_pki
from api.routes import demo_pki
from api.wiring.clock import clock
from policies.anchors import AnchorRole
from policies.vocabulary import TrustDomain

PEOPLE = {"nguyen-van-an": "leader", "seal": "seal"}
_RENAMED = ("root", "issuing", *PEOPLE.values())
MARK = "THỬ CỤM"


@contextmanager
def renamed(*names: str) -> Iterator[None]:
    """Certificates that are made meanwhile for these roles say that they are of a test, and not DEMO."""
    found = {
        name: replace(role, common_name=role.common_name.replace("DEMO", MARK)) if name in names else role
        for name, role in roles.ROLES.items()
    }
    with patch.object(roles, "ROLES", found):
        yield


def pki_in(directory: Path, url: str) -> DemoPki:
    """Made when it is not there yet; its certificates point to `url`."""
    with renamed(*_RENAMED):
        return make_demo_pki(directory, clock(), public_url=url)


def hand_out(pki: DemoPki, config: Path, password: str) -> None:
    """Containers, their passwords, trust and pictures, where the deployment's settings name them."""
    trust_desk.Desk(config / "trust.json", config / "trust.key", 30).add(
        *trusted(pki, config), TrustDomain.OFFICIAL_DUTY, AnchorRole.ANCHOR, "kiểm thử"
    )
    for account, role in PEOPLE.items():
        pki.write_pkcs12(role, config / f"{account}.p12", password)
        (config / f"{account}.password").write_text(f"{password}\n")
    furnish.stamps(config / "stamps")


def trusted(pki: DemoPki, folder: Path) -> tuple[Path, str]:
    """The root's file, and its fingerprint."""
    path = folder / "root.pem"
    path.write_bytes(pki.trust_pem)
    return path, hashlib.sha256(pki.root).hexdigest()


def serve(directory: Path, port: int) -> None:
    """Until it is stopped."""
    app = FastAPI(openapi_url=None)
    app.state.services = SimpleNamespace(demo=pki_in(directory, f"http://127.0.0.1:{port}"), clock=clock)
    app.include_router(demo_pki.router)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
