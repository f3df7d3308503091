"""The API describes itself: OpenAPI 3.1, each write with its key, each refusal as a problem."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("site")
WITHOUT_KEY = {
    ("/api/v1/sessions", "post"),  # signing in keeps nothing that a retry could double
    ("/api/v1/sessions/current", "delete"),  # by its nature the same the second time
    ("/api/v1/verifications", "post"),  # writes nothing
}


@pytest.fixture(scope="module")
def schema(site):
    answer = site.client(None).get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(schema):
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1.")
    assert schema["info"]["title"] == "An Tín"
    assert all(path.startswith("/api/v1/") for path in schema["paths"])
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for _, _, operation in operations(schema))


def test_every_reference_leads_somewhere(schema):
    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for one in value.values():
                yield from walk(one)
        if isinstance(value, list):
            for one in value:
                yield from walk(one)

    for reference in walk(schema):
        found = schema
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_write_documents_its_idempotency_key(schema):
    writes = [
        (path, method, operation)
        for path, method, operation in operations(schema)
        if method != "get" and (path, method) not in WITHOUT_KEY
    ]
    assert len(writes) >= 14
    for path, method, operation in writes:
        keys = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
        assert len(keys) == 1, (path, method)
        assert (keys[0]["in"], keys[0]["required"]) == ("header", True)
        assert keys[0]["description"]


def test_every_operation_documents_its_problems(schema):
    for path, method, operation in operations(schema):
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], (path, method)
            assert {"type", "title", "status"} <= set(
                content["application/problem+json"]["schema"]["properties"]
            )
        assert "422" not in operation["responses"]  # no second, undocumented kind of error


def test_a_write_without_its_key_is_refused_before_anything_else(site):
    client = site.client("van-thu")
    for headers in ({}, {"idempotency-key": ""}, {"idempotency-key": "k" * 129}):
        answer = client.post("/documents/nowhere/issue", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["id"] == "access.idempotency-key-missing"
        assert answer.headers["content-type"].startswith("application/problem+json")
