"""Uploads that a server which looks must refuse. This service reads back, so none of these stops archiving."""

from __future__ import annotations

from collections.abc import Callable

from archive.storage.canary.attempts.attempt import MADE_UP_FOR, REFUSES_UPLOAD, Attempt
from archive.storage.canary.bench import Bench, held_or_broken
from archive.storage.canary.values import Flaw, Verdict, Weight
from policies.refusals import Both


def _flawed(name: str, flaw: Flaw) -> Callable[[Bench], Verdict]:
    def attempt(bench: Bench) -> Verdict:
        answer = bench.probe.put(bench.key(name), bench.data(name), bench.lock, flaw=flaw)
        return held_or_broken(not answer.accepted, f"{answer}")

    return attempt


def only_new(bench: Bench) -> Verdict:
    target = bench.target("only-new")
    answer = bench.probe.put(target.key, b"something else", bench.lock, only_new=True)
    return held_or_broken(not answer.accepted, f"{answer}")


def _row(name: str, act: Callable[[Bench], Verdict], tried: Both, fault: Both) -> Attempt:
    return Attempt(name, Weight.WARNING, tried, REFUSES_UPLOAD, fault, MADE_UP_FOR, act)


ATTEMPTS = (
    _row(
        "wrong-md5",
        _flawed("wrong-md5", Flaw.MD5),
        Both("Tải lên với Content-MD5 sai.", "Upload with a wrong Content-MD5."),
        Both("Máy chủ không kiểm tra Content-MD5.", "The server does not check Content-MD5."),
    ),
    _row(
        "wrong-checksum",
        _flawed("wrong-checksum", Flaw.CHECKSUM),
        Both("Tải lên với x-amz-checksum-sha256 sai.", "Upload with a wrong x-amz-checksum-sha256."),
        Both(
            "Máy chủ không kiểm tra x-amz-checksum-sha256.",
            "The server does not check x-amz-checksum-sha256.",
        ),
    ),
    _row(
        "wrong-signed-hash",
        _flawed("wrong-signed-hash", Flaw.SIGNED_HASH),
        Both("Tải lên nội dung khác nội dung đã ký.", "Upload other bytes than those that were signed for."),
        Both(
            "Máy chủ không so nội dung với chữ ký yêu cầu.",
            "The server does not compare bytes with the signature.",
        ),
    ),
    _row(
        "only-new",
        only_new,
        Both(
            "Tải lên với điều kiện khóa chưa tồn tại.", "Upload on the condition that the key does not exist."
        ),
        Both("Máy chủ bỏ qua điều kiện If-None-Match.", "The server ignores If-None-Match."),
    ),
)
