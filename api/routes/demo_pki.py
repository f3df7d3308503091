"""The demo's TSA, OCSP responder, CRLs and CA certificates over HTTP. Mounted only with a demo PKI."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Request, Response

from api.demo import ocsp, tsa
from api.demo.pki import DemoPki
from api.identity import AccessRefused
from api.routes.context import Given
from api.services import Services
from policies.reasons import access as reasons

router = APIRouter(prefix="/demo", include_in_schema=False)
MAX_REQUEST = 64 << 10


def _pki(given: Services) -> DemoPki:
    if given.demo is None:
        raise AccessRefused(reasons.NOT_FOUND, what="demo")
    return given.demo


@router.post("/tsa")
async def stamp(request: Request) -> Response:
    given: Services = request.app.state.services
    answer = tsa.respond(_pki(given), (await request.body())[:MAX_REQUEST], given.clock())
    return Response(answer, media_type="application/timestamp-reply")


@router.post("/ocsp")
async def status(request: Request) -> Response:
    given: Services = request.app.state.services
    answer = ocsp.respond(_pki(given), (await request.body())[:MAX_REQUEST], given.clock())
    return Response(answer, media_type="application/ocsp-response")


@router.get("/crl/{name}.crl")
def crl(given: Given, name: str) -> Response:
    found = ocsp.crl(_pki(given), name, given.clock())
    if found is None:
        raise AccessRefused(reasons.NOT_FOUND, what="CRL")
    return Response(found, media_type="application/pkix-crl")


@router.get("/ca/{name}.crt")
def certificate(given: Given, name: str) -> Response:
    found = _pki(given).authority(name)
    if found is None:
        raise AccessRefused(reasons.NOT_FOUND, what="CA")
    return Response(found.public_bytes(Encoding.DER), media_type="application/pkix-cert")
