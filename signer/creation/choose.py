"""Chooses who writes a signature's revision: the native path, the general one, else pyHanko, else nobody.

    1. native     in this process, for admitted bytes; what it does not fully understand is the next path's
    2. general    in the sandbox, over our own reader; it knows every rule
    3. shape      a refusal that is a rule stands; one that speaks of the bytes is a shape (`shapes`)
    4. pyHanko    in the sandbox; its result was read back before it comes here (`fallback`)
    5. refusal    when pyHanko has no usable answer either, the general path's own reason is given

So a refusal of a faster path is no refusal of the document, and a shape never passes by a rule: every path
checks all of them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from signer.creation.native import hole as native_hole
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.kept import KeptDigest
from signer.creation.native.unfit import Unfit
from signer.creation.plan import PreparationPlan
from signer.creation.shapes import GAVE_UP, Shape, SigningPath, shape_refused
from signer.creation.token import Hole
from signer.creation.two_step import SignatureRequest
from signer.errors import SignerRefused
from signer.stages import Appended, Prepared


class Tasks(Protocol):
    """What runs `module:function` on hostile bytes: a `Sandbox`."""

    def call(self, task: str, *arguments: object) -> Any: ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """The caller's word that the bytes passed intake: the native path may then read them in this process, which
    may hold keys. `stamps` are drawn once for many documents; `kept` is the digest's state over the bytes."""

    stamps: Stamps
    kept: KeptDigest | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A prepared signature, who wrote it, and why no faster path did: the document's shape.

    The native path made its digest in this process; any other digest is to be compared before a key is used
    (`two_step.check_digest`).
    """

    prepared: Prepared
    path: SigningPath
    shape: str


def prepare_signature(
    tasks: Tasks,
    path: Path,
    request: SignatureRequest,
    password: str | None = None,
    *,
    admitted: Admitted | None = None,
) -> Chosen:
    """The revision of one signature by the path that fits. `password` opens an encrypted file, "" too.

    Raises what `two_step.prepare_signature` raises, `document.wrong-password`, `signing.permission-withheld`,
    and `SandboxUnavailable`.
    """
    why: str = Shape.NOT_ADMITTED
    if admitted is not None:
        try:
            made = native.prepare(path, request, admitted.stamps, admitted.kept)
            return Chosen(made, SigningPath.NATIVE, Shape.ORDINARY)
        except Unfit as exc:
            why = exc.shape
    try:
        prepared: Prepared = tasks.call("signer.creation.two_step:prepare_signature", path, request)
    except SignerRefused as refusal:
        task = "signer.creation.fallback:prepare_signature"
        return Chosen(*_fall_back(tasks, refusal, task, path, request, password))
    return Chosen(prepared, SigningPath.GENERAL, why)


def newest_hole(tasks: Tasks, path: Path, field: str) -> Hole:
    """The hole of this field's signature in admitted bytes, where its time-stamp goes.

    Raises what `token.newest_hole` raises, and `SandboxUnavailable`.
    """
    try:
        return native_hole.newest_hole(path, field)
    except Unfit:
        found: Hole = tasks.call("signer.creation.token:newest_hole", path, field)
        return found


def prepare_fields(tasks: Tasks, path: Path, plan: PreparationPlan, password: str | None = None) -> Appended:
    """The revision that creates the fields of `plan`, likewise. Raises what `prepare.prepare` raises, and as above."""
    try:
        appended: Appended = tasks.call("signer.creation.prepare:prepare", path, plan)
    except SignerRefused as refusal:
        task = "signer.creation.fallback:prepare_fields"
        made: Appended = _fall_back(tasks, refusal, task, path, plan, password)[0]
        return made
    return appended


def _fall_back(
    tasks: Tasks, refusal: SignerRefused, task: str, path: Path, wanted: object, password: str | None
) -> tuple[Any, SigningPath, Shape]:
    shape = shape_refused(refusal.id)
    if shape is None or (shape is Shape.ENCRYPTED and password is None):
        raise refusal
    try:
        fallen = tasks.call(task, path, wanted, password)
    except SignerRefused as exc:
        rule = shape_refused(exc.id) in (None, Shape.UNKNOWN_ENCRYPTION) and exc.id not in GAVE_UP
        raise (exc if rule else refusal) from exc
    return fallen.made, SigningPath.PYHANKO, fallen.shape
