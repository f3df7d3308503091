"""A service on an S3 store as its operator sees it: the health page, and the command with the same settings."""

from __future__ import annotations

import json
from contextlib import contextmanager

from click.testing import CliRunner

from api.cli import antin
from api.demo.run import demo_settings, running
from api.wiring import tools
from archive.storage.keys import DOCUMENTS
from tests.service import CLERK, Site, free_port


class House:
    """A service whose store is behind a proxy, and the operator's command with the same settings."""

    def __init__(self, site, proxy, config):
        self.site, self.proxy, self.config = site, proxy, config

    def health(self):
        self.site.services.gate._kept = None  # a page may be three seconds old
        answer = self.site.client(None).get("/health")
        return answer.status_code, answer.json()["parts"]

    def command(self):
        done = CliRunner().invoke(antin, ["storage", "check", "--config", str(self.config)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    def to_seal(self):
        document = self.site.signed()
        assert self.site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
        return document

    def seal(self, document):
        return self.site.wait(CLERK, self.site.post(CLERK, f"/documents/{document}/seal"))

    def stored(self):
        return set(self.straight.list(DOCUMENTS))

    def look(self):
        """What a process does by itself when a verdict has had its time."""
        self.site.services.canary.run_all()


@contextmanager
def site_of(data, endpoint, bucket, keys, **more):
    demo_settings(data, free_port())
    config = data / "antin.toml"
    rows = {"endpoint": f"{'https' if more else 'http'}://{endpoint}", "bucket": bucket, **more}
    for name, value in zip(("access_key", "secret_key"), keys, strict=True):
        (data / name).write_text(f"{value}\n")
        rows[f"{name}_file"] = str(data / name)
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rows.items())
    config.write_text(f"{config.read_text()}\n[object_store]\n{table}")
    settings = tools.load_settings(config)
    with running(settings) as (services, passwords):
        yield Site(settings, services, passwords), config
