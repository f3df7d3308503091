"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.routes.context import Given, Who, json_answer

api = APIRouter(tags=["sessions"])
pages = APIRouter()


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=1024)


@api.post("/sessions", status_code=201, summary="Sign in; the answer holds a bearer token")
def sign_in(given: Given, body: Credentials) -> Response:
    token = given.identity.sign_in(body.name, body.password, given.clock())
    return json_answer({"token": token, "type": "Bearer"}, 201)


@api.delete("/sessions/current", status_code=204, summary="Sign out")
def sign_out(request: Request, given: Given, who: Who) -> Response:
    who.needs()
    _, _, token = request.headers.get("authorization", "").partition(" ")
    given.identity.sign_out(token.strip())
    return Response(status_code=204)
