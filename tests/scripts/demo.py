# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: audits the emulated organization "acme" with playbooks/harden.yml --check and says where the report is.

Arguments are passed on to ansible-playbook, after the demo's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from emulator.client import EmulatorProcess

CHECKOUT = Path(__file__).resolve().parents[2]
REPORTS = CHECKOUT / "reports" / "demo"


def environment(emulator: t.Mapping[str, str]) -> dict[str, str]:
    """This process's environment with every AWS setting replaced: the demo must never reach a real account."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    no_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**clean, **no_files, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1", **emulator}


def audit(emulator: t.Mapping[str, str], arguments: t.Sequence[str]) -> int:
    """Run the playbook against the emulator; returns ansible-playbook's exit status."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "examples/inventory/demo.yml",
        "playbooks/harden.yml",
        "--check",
        "-e",
        f"hardening_report_dir={REPORTS.relative_to(CHECKOUT)}",
        *arguments,
    ]
    print(f"$ {' '.join(['ansible-playbook', *command[1:]])}\n", flush=True)
    return subprocess.run(command, cwd=CHECKOUT, env=environment(emulator), check=False).returncode


def pages(since: float) -> list[Path]:
    """The HTML reports written since then (seconds since the epoch), the fleet's first."""
    written = [path for path in REPORTS.rglob("*.html") if path.stat().st_mtime >= since]
    return sorted(written, key=lambda path: (path.name != "fleet.html", path))


def main() -> int:
    # File systems keep times to the second or finer.
    started = float(int(time.time()))
    with EmulatorProcess(seed="acme") as emulator:
        status = audit(emulator.env(), sys.argv[1:])
    if found := pages(started):
        print(f"\nOpen in a browser: {found[0].as_uri()}")
    return status


if __name__ == "__main__":
    sys.exit(main())
