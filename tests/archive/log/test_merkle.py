"""Hashes and proofs against the definitions of RFC 6962, and against known vectors."""

from __future__ import annotations

import subprocess
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ProofRefused
from archive.log import merkle
from archive.log.edge import Edge, grow
from archive.log.merkle import leaf_hash
from tests.archive.log.naive import naive_consistency, naive_path, naive_root
from tests.conftest import need_tool

# The eight entries with which certificate transparency implementations test each other.
VECTORS = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

entries_lists = st.lists(st.binary(max_size=20), max_size=70)


def reader(entries):
    """A hash reader over a list, by the definition."""
    return lambda level, index: naive_root(entries[index << level : (index + 1) << level])


@pytest.mark.parametrize("size", ROOTS)
def test_known_roots(size):
    entries = VECTORS[:size]
    assert merkle.root_hash(size, reader(entries)).hex() == ROOTS[size]
    assert grow(Edge(), entries).edge.root().hex() == ROOTS[size]
    assert naive_root(entries).hex() == ROOTS[size]


def test_known_paths():
    read = reader(VECTORS)
    path = merkle.inclusion_path(5, 8, read)
    assert [h.hex() for h in path] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    consistency = merkle.consistency_path(6, 8, read)
    assert [h.hex() for h in consistency] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_leaf_and_node_hash_by_openssl(tmp_path):
    openssl = need_tool("openssl")

    def digest(data):
        found = subprocess.run(
            [openssl, "dgst", "-sha256", "-binary"], input=data, capture_output=True, check=True
        )
        return found.stdout

    left, right = digest(b"\x00left"), digest(b"\x00right")
    assert leaf_hash(b"left") == left
    assert merkle.node_hash(left, right) == digest(b"\x01" + left + right)


@given(entries_lists, st.data())
def test_inclusion_is_that_of_the_definition(entries, data):
    if not entries:
        return
    index = data.draw(st.integers(0, len(entries) - 1))
    path = merkle.inclusion_path(index, len(entries), reader(entries))
    assert list(path) == naive_path(index, entries)
    merkle.verify_inclusion(leaf_hash(entries[index]), index, len(entries), path, naive_root(entries))


@given(entries_lists, st.data())
def test_consistency_is_that_of_the_definition(entries, data):
    old = data.draw(st.integers(0, len(entries)))
    path = merkle.consistency_path(old, len(entries), reader(entries))
    assert list(path) == (naive_consistency(old, entries) if old else [])
    merkle.verify_consistency(old, naive_root(entries[:old]), len(entries), naive_root(entries), path)


@given(entries_lists.filter(bool), st.data())
def test_no_other_leaf_index_size_path_or_root_passes(entries, data):
    size = len(entries)
    index = data.draw(st.integers(0, size - 1))
    path = list(merkle.inclusion_path(index, size, reader(entries)))
    given = {"leaf": leaf_hash(entries[index]), "index": index, "size": size, "path": path}
    given["root"] = naive_root(entries)
    flip = lambda h: bytes([h[0] ^ 1]) + h[1:]  # noqa: E731
    wrong = [
        {"leaf": flip(given["leaf"])},
        {"root": flip(given["root"])},
        {"path": [*path, bytes(32)]},
        {"index": size},
        {"index": -1},
    ]
    wrong += [{"path": path[:-1]}, {"path": [flip(path[0]), *path[1:]]}] if path else []
    for change in wrong:
        with pytest.raises(ProofRefused) as refused:
            merkle.verify_inclusion(**{**given, **change})
        assert refused.value.id == "proof.not-included"


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_forked_log_cannot_prove_consistency(old, more, data):
    """Split view: the first `old` leaves differ in one place, whatever hashes the forger presents."""
    entries = [b"%d" % i for i in range(old + more)]
    forked = list(entries)
    forked[data.draw(st.integers(0, old - 1))] = b"forged"
    new_root = naive_root(forked)
    for source in (entries, forked):
        path = merkle.consistency_path(old, old + more, reader(source))
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(old, naive_root(entries[:old]), old + more, new_root, path)


def test_rollback_is_named():
    with pytest.raises(ProofRefused) as refused:
        merkle.verify_consistency(5, bytes(32), 3, bytes(32), ())
    assert refused.value.id == "proof.rolled-back"


def test_consistency_of_the_same_size_needs_the_same_root_and_no_path():
    root = sha256(b"x").digest()
    merkle.verify_consistency(4, root, 4, root, ())
    for new_root, path in ((bytes(32), ()), (root, (root,))):
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(4, root, 4, new_root, path)


@given(st.lists(st.integers(0, 300), max_size=6))
def test_the_edge_grows_the_same_however_it_is_cut(steps):
    edge, total = Edge(), 0
    for step in steps:
        edge = grow(edge, [b"%d" % i for i in range(total, total + step)]).edge
        total += step
    whole = grow(Edge(), [b"%d" % i for i in range(total)]).edge
    assert edge == whole and edge.root() == naive_root([b"%d" % i for i in range(total)])
