# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Files on the controller and in S3 that name owned objects: state files of Terraform, and lists of owned ARNs."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .._account.answer import Unknown, Yes
from .._account.terraform_state import StateError
from .._aws.errors import AwsError
from .._aws.tape import FILES, Answer, Call
from .._converge.ownership.files import OwnerFile
from .._converge.ownership.owned_arns import ListError
from .._converge.ownership.owner import Unread
from .._converge.parsing import decode_text
from .._converge.store import StoreError, expand_path
from .connection import Connection
from .options import StoreOptions
from .stores import open_store
from .task import TaskError

_S3: t.Final = "s3://"


def read_file(
    kind: str, file: OwnerFile, connection: Connection, *, most: int, parse: Callable[[str], Answer]
) -> t.Union[Yes[Answer], Unknown]:
    """Read a file and parse its text, or say why that can't be done.

    A recording has what ``parse`` returns, or the reason, and nothing else of a file in S3. A file of the controller is
    there in a simulation too.
    """

    def read() -> Answer:
        try:
            return {"found": parse(decode_text(_load(file, connection, most), most=most))}
        except OSError as error:
            return {"problem": error.strerror or str(error)}
        except (AwsError, ListError, StateError, StoreError, TaskError, ValueError) as error:
            return {"problem": " ".join(str(error).split())}

    tape = connection.options.tape if file.path.startswith(_S3) else None
    try:
        answer = tape.play(Call("", FILES, kind, file.path), read) if tape else read()
    except AwsError as error:
        answer = {"problem": str(error)}
    return Unknown(answer["problem"]) if "problem" in answer else Yes(answer["found"])


def describe_unread(file: OwnerFile, problem: Unknown) -> Unread:
    """Describe a file that does not say what is owned."""
    step = f"correct the file, or the entry in {file.name.partition('[')[0]}"
    return Unread(f"{file.path} can't be used: {problem.reason}", file.name, step)


def _load(file: OwnerFile, connection: Connection, most: int) -> bytes:
    option = file.name.partition("[")[0]
    if file.path.startswith(_S3):
        prefix, _slash, name = file.path.rpartition("/")
        # Not the store of the connection: a recording would have the file, with its secrets.
        content = open_store(StoreOptions(prefix, option=option), lambda: connection.options).get(name)
        if content is None:
            raise StoreError("it does not exist")
        return content
    path = expand_path(file.path, option)
    if path.exists() and not path.is_file():
        raise StoreError("it is no regular file")
    with path.open("rb") as opened:
        return opened.read(most + 1)
