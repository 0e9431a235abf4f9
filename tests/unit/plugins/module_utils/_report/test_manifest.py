# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

from ansible_collections.hardening.iam.plugins.module_utils._report.manifest import build

from . import samples


def test_every_file_stands_with_hash_and_size_in_the_order_of_its_name() -> None:
    manifest = build([("b/report.json", b"two"), ("a/report.json", b"one")], run_id="7", created=samples.NOW)
    assert manifest["schema"] == "hardening.iam/manifest/1"
    assert (manifest["run_id"], manifest["created"]) == ("7", "2026-11-25T02:00:00Z")
    assert list(manifest["files"]) == ["a/report.json", "b/report.json"]
    assert manifest["files"]["a/report.json"] == {"sha256": hashlib.sha256(b"one").hexdigest(), "bytes": 3}
