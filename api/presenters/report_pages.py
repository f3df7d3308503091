"""What the verification page says, as words to be printed (`signer.reporting`): the same texts, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from api.pages import formats, proofs, verified
from api.pages.rendering import Translator, translator
from api.pages.verdicts import verdict
from policies.vocabulary import Changes, Integrity, Level
from signer.reporting.blocks import Block, Kind, Printed
from signer.validation.names import moment

MOST = 200  # findings or changes in one list; the JSON report has all
MOST_EVIDENCE = 5_000  # 60 signatures use some 200 pieces, and each is to be told
_ANSWERS = {True: "yes", False: "no", None: "unknown"}


def printed(shown: verified.VerificationView, language: str, *, archive: bool = True) -> Printed:
    """The page of a check as a report, in `vi` or `en`. Times are +07:00. `archive`: whether one was asked at all."""
    t = translator(language)
    title = t("report.title")
    return Printed(
        title=title,
        language=language,
        blocks=tuple(_Words(t, language).report(shown, archive=archive)),
        footer=t("report.footer", title=title, sha256=shown.sha256),
        page_words=t("report.page"),
    )


class _Words:
    """The blocks, one part after the other."""

    def __init__(self, t: Translator, language: str) -> None:
        self.t = t
        self.language = language

    def report(self, shown: verified.VerificationView, *, archive: bool) -> Iterator[Block]:
        t = self.t
        yield Block(Kind.TITLE, t("report.title"))
        yield Block(Kind.FACT, shown.file_name or "–", t("report.file"))
        yield Block(Kind.FACT, formats.size(shown.size, self.language), t("report.size"))
        yield Block(Kind.FACT, shown.sha256, t("report.fingerprint"))
        yield Block(Kind.FACT, moment(shown.checked_at), t("verification.at"))
        yield Block(Kind.FACT, self._profile(shown), t("report.profile"))
        if shown.policy_id:
            yield Block(Kind.FACT, shown.policy_id, t("report.policy_id"))
        yield Block(Kind.FACT, shown.trust or "–", t("report.trust"))
        yield from self._verdict(shown)
        if not shown.usual_policy:
            yield Block(Kind.NOTE, t("verification.other_policy"))
        if archive:
            yield from self._kept(shown.kept)
        if shown.findings:
            yield Block(Kind.SECTION, t("verification.notes"))
            yield from self._findings(shown.findings)
        if shown.signatures:
            yield Block(Kind.SECTION, t("verification.signatures", n=len(shown.signatures)))
        for position, one in enumerate(shown.signatures, 1):
            yield from self._signature(one, position)
        if shown.pdfa is not None:
            yield from self._conformity(shown.pdfa)
        yield from self._evidence(shown.evidence)
        yield Block(Kind.SECTION, t("verification.report"))
        yield Block(Kind.NOTE, t("report.note"))

    def _profile(self, shown: verified.VerificationView) -> str:
        name = self.t.known(f"profile.{shown.profile}", shown.profile)
        version = (self.t("policy.version", n=shown.policy_version),) if shown.policy_version else ()
        told = f"{name} ({', '.join((shown.profile, *version))})"
        return f"{told}: {shown.policy}" if shown.policy else told

    def _verdict(self, shown: verified.VerificationView) -> Iterator[Block]:
        worst = [
            one
            for one in shown.signatures
            if (one.indication, one.sub_indication) == (shown.indication, shown.sub_indication)
        ]
        integrity, changes = (
            (worst[0].integrity, worst[0].changes) if worst else (Integrity.UNKNOWN, Changes.NONE)
        )
        found = verdict(shown.indication, shown.sub_indication, integrity, changes)
        yield Block(Kind.SECTION, self.t(f"verdict.{found.key}"))
        yield Block(Kind.TEXT, self.t(f"verdict.{found.key}.why"))
        yield Block(Kind.FACT, _indication(shown), "EN 319 102-1")

    def _kept(self, kept: verified.Kept | None) -> Iterator[Block]:
        t = self.t
        yield Block(Kind.SECTION, t("kept.title"))
        if kept is None:
            yield Block(Kind.TEXT, t("kept.no"))
            return
        yield Block(Kind.TEXT, t("kept.yes", number=kept.number))
        yield self._standing(kept)
        if kept.proof is None:
            yield Block(Kind.TEXT, t("proof.waiting"))
            return
        place = {key: formats.count(value, self.language) for key, value in _place(kept.proof).items()}
        yield Block(Kind.TEXT, f"{t('proof.in_log', **place)} {moment(kept.proof.logged_at)}.")
        for one in kept.proof.witnesses:
            yield Block(Kind.TEXT, f"{t('log.witnessed', name=one.name)} {moment(one.at)}.")
        if not kept.proof.witnesses:
            yield Block(Kind.TEXT, t("log.not_witnessed"))

    def _standing(self, kept: verified.Kept) -> Block:
        told = self.t(f"kept.standing.{kept.standing}")
        if kept.recalled_at is not None:
            told = f"{told} {moment(kept.recalled_at)}"
        good = kept.standing is verified.Standing.IN_FORCE
        return Block(Kind.TEXT if good else Kind.STRONG, told)

    def _signature(self, one: verified.SignatureView, position: int) -> Iterator[Block]:
        t = self.t
        found = verdict(one.indication, one.sub_indication, one.integrity, one.changes)
        number = "signature.stamp" if one.level is Level.DTS else "signature.number"
        yield Block(Kind.CARD, f"{t(number, position=position)}: {one.signer or t('signature.unnamed')}")
        if one.title or one.organisation:
            yield Block(Kind.TEXT, " · ".join(filter(None, (one.title, one.organisation))))
        yield Block(Kind.STRONG, t(f"verdict.{found.key}"))
        if one.signing_time is not None:
            source = "signature.time_stamped" if one.time_is_stamped else "signature.time_claimed"
            yield Block(Kind.FACT, moment(one.signing_time), t("signature.time"))
            yield Block(Kind.FACT, t(source), t("signature.time_source"))
        yield Block(Kind.FACT, t(f"integrity.{one.integrity}"), t("signature.integrity"))
        yield Block(Kind.FACT, t(f"answer.{_ANSWERS[one.valid_at_signing]}"), t("signature.valid_then"))
        who = (("issuer", one.issuer), ("managing", one.managing_body), ("domain", one.trust_domain))
        for key, value in who:
            if value:
                yield Block(Kind.FACT, value, t(f"signature.{key}"))
        yield from self._period(one.certificate_from, one.certificate_to)
        yield Block(Kind.FACT, t(f"coverage.{one.coverage}"), t("signature.coverage"))
        yield Block(Kind.FACT, t(f"changes.{one.changes}"), t("signature.changes"))
        yield from self._items(one.change_items)
        yield Block(Kind.FACT, t(f"level.{one.level}"), t("signature.level"))
        yield Block(Kind.FACT, one.field, t("technical.field"))
        yield Block(Kind.FACT, _indication(one), "EN 319 102-1")
        yield from self._findings(one.findings)

    def _period(self, since: datetime | None, until: datetime | None) -> Iterator[Block]:
        if since is not None and until is not None:
            yield Block(Kind.FACT, f"{moment(since)} – {moment(until)}", self.t("signature.period"))

    def _findings(self, findings: Sequence[verified.Finding]) -> Iterator[Block]:
        return self._items(
            [f"{self.t(f'severity.{one.severity}')}: {one.text} [{one.id}]" for one in findings]
        )

    def _items(self, texts: Sequence[str]) -> Iterator[Block]:
        for text in texts[:MOST]:
            yield Block(Kind.ITEM, text)
        if len(texts) > MOST:
            yield Block(Kind.NOTE, self.t("report.more", n=len(texts) - MOST))

    def _conformity(self, found: verified.ConformityView) -> Iterator[Block]:
        t = self.t
        yield Block(Kind.SECTION, t("pdfa.title"))
        yield Block(Kind.TEXT, found.told)
        places = [f", {t('pdfa.object', n=one.object)}" if one.object else "" for one in found.findings]
        yield from self._items(
            [
                f"{one.rule} {one.area}{place}: {one.text}"
                for one, place in zip(found.findings, places, strict=True)
            ]
        )
        if found.findings and not found.complete:
            yield Block(Kind.NOTE, t("pdfa.more"))
        if found.unexamined:
            yield Block(Kind.TEXT, t("pdfa.unexamined", what="; ".join(found.unexamined)))
        yield Block(Kind.NOTE, t("pdfa.meaning"))

    def _evidence(self, pieces: Sequence[verified.Evidence]) -> Iterator[Block]:
        if not pieces:
            return
        yield Block(Kind.SECTION, self.t("report.evidence", n=len(pieces)))
        for one in pieces[:MOST_EVIDENCE]:
            when = f", {moment(one.time)}" if one.time is not None else ""
            yield Block(Kind.ITEM, f"{self.t(f'evidence.{one.kind}')} {one.subject}{when}")
            yield Block(Kind.CODE, one.sha256)
        if len(pieces) > MOST_EVIDENCE:
            yield Block(Kind.NOTE, self.t("report.more", n=len(pieces) - MOST_EVIDENCE))


def _indication(one: verified.SignatureView | verified.VerificationView) -> str:
    return f"{one.indication} / {one.sub_indication}" if one.sub_indication else str(one.indication)


def _place(proof: proofs.Proof) -> dict[str, int]:
    return {"index": proof.index, "size": proof.size}
