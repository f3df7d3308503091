from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("deployment")


def test_the_path_over_two_apis_and_two_workers(make_deployment):
    house = make_deployment()
    house.api("api-1"), house.api("api-2"), house.worker("worker-1"), house.worker("worker-2")
    house.ready()
    document = house.archived()
    house.push(document)
    assert house.document(document)["state"] == "issued"
