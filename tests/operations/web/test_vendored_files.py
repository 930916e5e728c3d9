"""The libraries that the page brings: as they were published, with their licences."""

from __future__ import annotations

import hashlib

from operations.web.rendering import STATIC

VENDOR = STATIC / "vendor"


def test_every_vendored_file_is_as_it_was_published() -> None:
    """Each file has a checksum and each checksum its file; the licences are among them."""
    sums = dict(line.split("  ")[::-1] for line in (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.name != "SHA256SUMS"
    }
    assert found == sums
    assert {"htmx-LICENSE", "uplot-LICENSE"} <= found.keys()
