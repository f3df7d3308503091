"""PREMIS 3.0 of a document: valid by the Library of Congress' schema, and telling what happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from archive.catalogue import watch_rows
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent
from archive.premis import document_premis
from policies.locks import QUARANTINE
from tests.archive.catalogue_fixtures import AT
from tests.archive.watch_house import open_watch

SCHEMA = Path(__file__).with_name("schemas") / "premis-v3-0.xsd"
NS = {"p": "http://www.loc.gov/premis/v3"}


@pytest.fixture
def watch(tmp_path):
    opened = open_watch(tmp_path)
    yield opened
    opened.house.transactions.close()


def premis(watch, document):
    with watch.house.transactions.read() as conn:
        data = document_premis(conn, document.id)
    tree = etree.fromstring(data)
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(tree), schema.error_log
    return tree


def told(tree):
    return [
        (
            event.findtext("p:eventType", namespaces=NS),
            event.findtext(".//p:eventOutcome", namespaces=NS),
            event.findtext(".//p:eventDetail", namespaces=NS),
        )
        for event in tree.findall("p:event", NS)
    ]


def test_a_document_that_is_well(watch):
    document, other = watch.documents(2)
    watch.copy(AT)
    over = AT + QUARANTINE
    watch.scan(over)
    watch.night(over)
    tree = premis(watch, document)
    files = tree.findall("p:object", NS)
    assert len(files) == 2
    digests = {file.findtext(".//p:messageDigest", namespaces=NS) for file in files}
    assert digests == {copy.sha256 for copy in watch.copies(document)}
    assert [len(file.findall("p:storage", NS)) for file in files] == [2, 2]
    assert sorted(told(tree)) == sorted(
        [
            ("ingestion", "success", "in the first store"),
            ("replication", "success", "in the second store"),
            ("unquarantine", "success", "in the first store"),
            ("retention extension", "success", "in the first store"),
            ("fixity check", "success", "in the first store"),
        ]
        * 2
    )
    assert other.id not in etree.tostring(tree).decode()
    fix = next(e for e in tree.iter("{*}eventType") if e.text == "fixity check")
    assert fix.get("valueURI") == "http://id.loc.gov/vocabulary/preservation/eventType/fix"


def test_damage_and_repair_are_told(watch):
    (document,) = watch.documents(1)
    watch.copy(AT)
    key = watch.copies(document)[0].key
    watch.first.flip(key)
    watch.scan(AT + timedelta(days=1))
    watch.mend(AT + timedelta(days=1))
    tree = premis(watch, document)
    assert ("fixity check", "fail", "in the first store") in told(tree)
    assert ("repair", "success", "in the first store") in told(tree)
    assert len(tree.findall("p:object", NS)) == 3, "the event of the repair is an object too"
    assert any("versionId=r1" in value.text for value in tree.iter("{*}contentLocationValue"))


def test_whatever_a_store_says_is_fit_for_xml(watch):
    (document,) = watch.documents(1)
    words = "<&>\x00\x0b\uffff ]]> \"'"
    event = PreservationEvent(
        "1", EventType.FIXITY, AT, EventOutcome.FAIL, words, "first", "documents/x", document.id
    )
    with watch.house.transactions.write() as conn:
        watch_rows.add_event(conn, event)
    premis(watch, document)


def test_a_document_without_objects_has_no_history(watch):
    with watch.house.transactions.read() as conn, pytest.raises(ValueError):
        document_premis(conn, "nobody")
