"""Verifying by upload: what a person sees of a change, and what stands in a file that cannot be judged."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pytest
from PIL import Image

from signer.document.syntax import Stream
from tests.service import PATIENCE, Site
from tests.signer.validation.office import update

ANTIN = str(Path(sys.executable).with_name("antin"))
pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def schema():
    return json.loads((Path(__file__).parents[2] / "docs" / "antin.verify-1.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def archived(site: Site, tmp_path_factory):
    """An issued decision of ours, and the same with a bar drawn over it."""
    whole = tmp_path_factory.mktemp("seen") / "whole.pdf"
    whole.write_bytes(site.file(site.archived()))
    altered = update(whole, whole.with_name("altered.pdf"), _bar)
    return whole, altered


def _bar(revision, pdf):
    page = pdf.page(0)
    old = revision.value(page.ref)["Contents"]
    bar = revision.add(Stream({}, data=b"q 0 0 1 rg 100 700 200 20 re f Q"))
    contents = [*(old if isinstance(old, list) else [old]), bar]
    revision.put(page.ref, {**revision.value(page.ref), "Contents": contents})


def command_line(*words):
    return subprocess.run([ANTIN, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE)


def checked(site: Site, path, **form):
    with site.client(None) as http:
        return http.post("/verifications", files={"file": (path.name, path.read_bytes())}, data=form)


def page_of(site: Site, path):
    files = {"file": (path.name, path.read_bytes())}
    headers = {"accept": "text/html"}
    return httpx.post(
        f"{site.url}/verify", files=files, headers=headers, timeout=PATIENCE, trust_env=False
    ).text


def test_without_asking_there_are_no_pictures(site: Site, archived):
    assert "seen" not in checked(site, archived[1]).json()


def test_each_signed_state_against_now(site: Site, archived, schema):
    answer = checked(site, archived[1], pictures="true").json()
    jsonschema.validate(answer, schema)
    leader, seal = answer["seen"]
    assert len(leader["fields"]) == len(seal["fields"]) == 1 and leader["revision"] < seal["revision"]
    (page,) = seal["pages"]
    assert (seal["different"], page["page"], len(page["boxes"])) == (1, 1, 1)
    assert len(leader["pages"][0]["boxes"]) > 1, "number, date and seal came after the leader"
    picture = Image.open(io.BytesIO(base64.b64decode(page["now"].partition(",")[2])))
    assert picture.format == "WEBP" and page["signed"] != page["now"]


def test_the_genuine_one_shows_what_the_clerk_filled(site: Site, archived):
    (leader,) = checked(site, archived[0], pictures="true").json()["seen"]
    assert leader["different"] == 1, "what was permitted is seen as well; nothing came after the seal"


def test_the_page_shows_both_side_by_side(site: Site, archived):
    page = page_of(site, archived[1])
    assert page.count('class="side-by-side"') == 2
    assert page.count("data:image/webp;base64,") == 4
    assert "khoanh đỏ" in page


def test_a_file_that_cannot_be_judged_lists_its_signatures(site: Site, archived, schema, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"x" + archived[0].read_bytes())
    answer = checked(site, broken)
    assert answer.status_code == 422
    signatures = answer.json()["signatures"]
    assert len(signatures) == 2 and not any(each["verified"] for each in signatures)
    assert signatures[0]["signer"].startswith("DEMO ")
    page = page_of(site, broken)
    assert "chưa được xác minh" in page and signatures[0]["signer"] in page
    told = command_line("verify", broken, "--json")
    jsonschema.validate(json.loads(told.stdout), schema)
    assert told.returncode == 3
    assert json.loads(told.stdout)["refusal"]["signatures"] == signatures


def test_the_command_line_writes_the_pictures(archived, tmp_path):
    folder = tmp_path / "pictures"
    told = command_line("verify", archived[1], "--offline", "--pictures", folder, "--json")
    assert told.returncode == 1, told
    names = sorted(each.name for each in folder.iterdir())
    assert len(names) == 4 and {name.rpartition("-")[2] for name in names} == {"signed.png", "now.png"}
    assert all(Image.open(folder / name).format == "PNG" for name in names)
