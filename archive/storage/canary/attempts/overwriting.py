"""Writing over a locked version, by each way that S3 has."""

from __future__ import annotations

from dataclasses import replace

from archive.storage.canary.attempts.attempt import (
    NEW_VERSION,
    SERVER,
    SHOWS_LOCK,
    Attempt,
)
from archive.storage.canary.bench import Bench, shown
from archive.storage.canary.values import Outcome, Verdict, Weight
from policies.refusals import Both


def overwrite(bench: Bench) -> Verdict:
    target = bench.target("overwrite")
    return bench.unharmed(target, bench.probe.put(target.key, b"something else", bench.lock))


def overwrite_parts(bench: Bench) -> Verdict:
    target = bench.target("overwrite-parts")
    return bench.unharmed(target, bench.probe.put_parts(target.key, b"something else", bench.lock))


def overwrite_copy(bench: Bench) -> Verdict:
    source, target = bench.target("overwrite-source"), bench.target("overwrite-copy")
    return bench.unharmed(target, bench.probe.copy(source.key, source.version, target.key, bench.lock))


def copy_onto_itself(bench: Bench) -> Verdict:
    target = bench.target("copy-onto-itself")
    return bench.unharmed(target, bench.probe.copy(target.key, target.version, target.key))


def copy_keeps_lock(bench: Bench) -> Verdict:
    source, key = bench.target("copy-source"), bench.key("copy-keeps-lock")
    answer = bench.probe.copy(source.key, source.version, key, bench.lock)
    if not answer.accepted:
        return Verdict(Outcome.HELD, f"{answer}")
    verdict = shown(bench.lock, bench.taken(key, answer).before.lock)
    return replace(verdict, detail=f"{answer}: {verdict.detail}")


ATTEMPTS = (
    Attempt(
        "overwrite",
        Weight.FATAL,
        Both("Ghi nội dung khác lên cùng khóa.", "Put other bytes under the same key."),
        NEW_VERSION,
        Both(
            "Máy chủ cho ghi đè một phiên bản đang khóa.", "The server lets a locked version be overwritten."
        ),
        SERVER,
        overwrite,
    ),
    Attempt(
        "overwrite-parts",
        Weight.FATAL,
        Both("Ghi đè bằng cách ghi nhiều phần.", "Overwrite by an upload in parts."),
        NEW_VERSION,
        Both(
            "Máy chủ cho ghi đè một phiên bản đang khóa bằng cách ghi nhiều phần.",
            "The server lets a locked version be overwritten by an upload in parts.",
        ),
        SERVER,
        overwrite_parts,
    ),
    Attempt(
        "overwrite-copy",
        Weight.FATAL,
        Both("Sao chép một đối tượng khác lên cùng khóa.", "Copy another object on to the same key."),
        NEW_VERSION,
        Both(
            "Máy chủ cho ghi đè một phiên bản đang khóa bằng lệnh sao chép.",
            "The server lets a locked version be overwritten by a copy.",
        ),
        SERVER,
        overwrite_copy,
    ),
    Attempt(
        "copy-onto-itself",
        Weight.FATAL,
        Both(
            "Sao chép đối tượng lên chính nó, không kèm khóa.", "Copy the object onto itself, without a lock."
        ),
        NEW_VERSION,
        Both(
            "Sao chép đối tượng lên chính nó làm mất khóa của nó.",
            "Copying an object onto itself takes its lock away.",
        ),
        SERVER,
        copy_onto_itself,
    ),
    Attempt(
        "copy-keeps-lock",
        Weight.WARNING,
        Both("Sao chép sang khóa mới, kèm khóa COMPLIANCE.", "Copy to a new key, with a COMPLIANCE lock."),
        SHOWS_LOCK,
        Both(
            "Lệnh sao chép lặng lẽ bỏ khóa đã yêu cầu.",
            "A copy silently drops the lock that was asked for.",
        ),
        Both("An Tín không bao giờ lưu trữ bằng lệnh sao chép.", "An Tín never archives by a copy."),
        copy_keeps_lock,
    ),
)
