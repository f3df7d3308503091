from __future__ import annotations

import io
import random
from hashlib import md5, sha256

import pytest

from archive.storage.blocks import BLOCK, copy_into, hash_ahead, updating

SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 17]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_hashed_while_it_is_read_is_all_of_it(size):
    data = random.Random(size).randbytes(size)
    assert hash_ahead(io.BytesIO(data)) == (sha256(data).hexdigest(), size)


@pytest.mark.parametrize("size", SIZES)
def test_two_digests_are_made_side_by_side(size):
    data, target = random.Random(size).randbytes(size), io.BytesIO()
    large, small = sha256(), md5(usedforsecurity=False)
    assert copy_into(data, target, large, small) == size
    assert (large.digest(), small.hexdigest()) == (sha256(data).digest(), md5(data).hexdigest())  # noqa: S324
    assert target.getvalue() == data


def test_blocks_of_any_length_come_in_their_order():
    digest, blocks = sha256(), [bytes([n]) * (n * 1000) for n in range(50)]
    with updating(digest) as take:
        for block in blocks:
            take(block)
    assert digest.digest() == sha256(b"".join(blocks)).digest()


def test_a_stream_that_breaks_off_raises():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() >= 2 * BLOCK:
                raise OSError("broken")
            return super().read(size)

    with pytest.raises(OSError, match="broken"):
        hash_ahead(Broken(b"x" * 5 * BLOCK))
