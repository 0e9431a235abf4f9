# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file uses is found by imports and by names, and never more is followed than what a file can use."""

from __future__ import annotations

import typing as t

import pytest
from scripts.reach import Checkout

FILES: t.Final = {
    "plugins/module_utils/_room/one.py": "from . import two\nfrom .deep.three import THREE\n",
    "plugins/module_utils/_room/two.py": "",
    "plugins/module_utils/_room/deep/three.py": "from ..._other import four\n",
    "plugins/module_utils/_other/four.py": "MESSAGE = 'run hardening.iam.keys, see playbooks/main.yml and keys.py'\n",
    "plugins/modules/keys.py": (
        "DOCUMENTATION = '''extends_documentation_fragment: [hardening.iam._account]'''\n"
        "from ansible_collections.hardening.iam.plugins.module_utils._room.two import TWO\n"
    ),
    "plugins/action/keys.py": "from ansible_collections.hardening.iam.plugins.modules.keys import ENTRY\n",
    "plugins/doc_fragments/_account.py": "",
    "plugins/lookup/hosts.py": "",
    "plugins/inventory/organization.py": "",
    "plugins/plugin_utils/_page.py": "TEMPLATE = 'page.html.j2'\n",
    "plugins/plugin_utils/templates/page.html.j2": "",
    "plugins/plugin_utils/_play.py": "_MODULES = 'ansible_collections.hardening.iam.plugins.modules'\n",
    "playbooks/main.yml": "- ansible.builtin.import_playbook: prepare.yml\n- hardening.iam.rotation\n",
    "playbooks/prepare.yml": "# hardening.iam.rotation\nhosts: \"{{ query('hardening.iam.hosts') }}\"\n",
    "roles/rotation/tasks/main.yml": "- hardening.iam.keys:\n",
    "roles/rotation/defaults/main.yml": "rotation_mode: report\n",
    "roles/other/tasks/main.yml": "",
    "examples/inventory/demo.yml": "# Run playbooks/main.yml\nplugin: hardening.iam.organization\n",
    "tests/conftest.py": "import scope\n",
    "tests/scope.py": "FIXED = ['rotation', 'tests/integration/test_own.py']\n",
    "tests/helper.py": "from emulator.client import Client\n",
    "tests/emulator/client.py": "",
    "tests/emulator/server.py": "NAME = 'rotation'\n",
    "tests/emulator/seeds/incident.yml": "hardening.iam.keys",
    "tests/integration/conftest.py": "DEMO = CHECKOUT / 'examples' / 'inventory' / 'demo.yml'\n",
    "tests/integration/test_own.py": "import helper\n",
    "tests/integration/test_playbook.py": "run('main')\n",
    "tests/integration/test_variable.py": "run(rotation_mode='off')\n",
    "tests/integration/test_text.py": "run('''- hosts: all\n  tasks:\n  - hardening.iam.keys:\n''')\n",
    "tests/integration/test_folder.py": "ALL = (CHECKOUT / 'roles').glob('*')\n",
    "tests/integration/test_prose.py": "'''It says what roles/rotation is, and playbooks/main.yml.'''\n",
    "docs/keys.md": "hardening.iam.keys",
}
ROTATION: t.Final = {"roles/rotation/tasks/main.yml", "roles/rotation/defaults/main.yml"}
KEYS: t.Final = {"plugins/modules/keys.py", "plugins/action/keys.py", "plugins/doc_fragments/_account.py"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root = tmp_path_factory.mktemp("checkout")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Checkout(root, FILES)


@pytest.mark.parametrize(
    ("path", "used"),
    [
        (
            "plugins/module_utils/_room/one.py",
            {f"plugins/module_utils/_room/{name}.py" for name in ("two", "deep/three")},
        ),
        ("plugins/module_utils/_room/deep/three.py", {"plugins/module_utils/_other/four.py"}),
        # What a message names is not used.
        ("plugins/module_utils/_other/four.py", set()),
        ("plugins/modules/keys.py", {*KEYS, "plugins/module_utils/_room/two.py"} - {"plugins/modules/keys.py"}),
        ("plugins/plugin_utils/_page.py", {"plugins/plugin_utils/templates/page.html.j2"}),
        # Modules that are imported by their names.
        ("plugins/plugin_utils/_play.py", {"plugins/modules/keys.py"}),
        ("playbooks/main.yml", {"playbooks/prepare.yml", *ROTATION}),
        # Nothing that only a comment names.
        ("playbooks/prepare.yml", {"plugins/lookup/hosts.py"}),
        ("roles/rotation/defaults/main.yml", {"roles/rotation/tasks/main.yml"}),
        ("examples/inventory/demo.yml", {"plugins/inventory/organization.py"}),
        ("docs/keys.md", set()),
    ],
)
def test_a_file_uses_what_it_imports_and_names(checkout: Checkout, path: str, used: set[str]) -> None:
    assert checkout.uses(path) == used


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("own", {"tests/helper.py"}),
        ("playbook", {"playbooks/main.yml"}),
        ("variable", ROTATION),
        ("text", {"plugins/modules/keys.py", "plugins/action/keys.py"}),
        ("folder", {*ROTATION, "roles/other/tasks/main.yml"}),
        ("prose", set()),
    ],
)
def test_a_test_uses_what_it_names_in_any_way(checkout: Checkout, name: str, used: set[str]) -> None:
    always = {"tests/conftest.py", "tests/integration/conftest.py"}
    assert checkout.uses(f"tests/integration/test_{name}.py") == used | always


def test_what_is_used_is_followed(checkout: Checkout) -> None:
    reached = checkout.reach("tests/integration/test_playbook.py")
    assert {*KEYS, *ROTATION, "playbooks/prepare.yml", "plugins/module_utils/_room/two.py"} <= reached
    assert "plugins/module_utils/_room/one.py" not in reached
    # Of the emulator, which is a process of its own, everything; of the list of tests nothing.
    own = checkout.reach("tests/integration/test_own.py")
    assert {"tests/emulator/server.py", "tests/emulator/seeds/incident.yml"} <= own
    assert not own & {*KEYS, *ROTATION}


def test_nothing_is_followed_by_way_of_what_does_not_pass(checkout: Checkout) -> None:
    near = checkout.reach("tests/integration/test_playbook.py", lambda path: not path.startswith("roles/"))
    assert near >= ROTATION and not near & KEYS
