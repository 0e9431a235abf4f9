# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""botocore's service models, without what a module never calls.

A client has a method for every operation of its service, which are named and made each time that one is created: of EC2
more than 700, of which the collection calls two.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .operations import Operations

if t.TYPE_CHECKING:
    from botocore.loaders import Loader

Model = Mapping[str, t.Any]

_MODEL: t.Final = "service-2"
# botocore's credential providers call it, in ways that no module declares.
_WHOLE: t.Final = frozenset({"sts"})


class DeclaredModels:
    """botocore's ``loader``, which knows of the services in ``operations`` those operations only.

    All else is the loader's. A reduced model is kept for the process, as the loader keeps the model.
    """

    def __init__(self, loader: Loader, operations: Operations) -> None:
        self._loader = loader
        self._operations = operations

    def load_service_model(self, service_name: str, type_name: str, api_version: t.Optional[str] = None) -> Model:
        """As ``botocore.loaders.Loader`` has it."""
        if type_name == _MODEL and service_name in self._operations.services and service_name not in _WHOLE:
            return _reduce_model(self._loader, service_name, api_version, self._operations.of(service_name))
        model: Model = self._loader.load_service_model(service_name, type_name, api_version=api_version)
        return model

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._loader, name)


@functools.lru_cache(maxsize=256)
def _reduce_model(loader: Loader, service: str, api_version: t.Optional[str], wanted: frozenset[str]) -> Model:
    model = loader.load_service_model(service, _MODEL, api_version=api_version)
    operations = {name: operation for name, operation in model["operations"].items() if name in wanted}
    return {**model, "operations": operations, "shapes": _reachable(model["shapes"], operations.values())}


def _reachable(shapes: Mapping[str, Model], operations: Iterable[Model]) -> dict[str, Model]:
    """The shapes that ``operations`` are made of, and errors: a service may answer with any that its model knows."""
    ahead = [name for operation in operations for name in _list_shapes(operation)]
    ahead += [name for name, shape in shapes.items() if shape.get("exception") or shape.get("error")]
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _list_shapes(shapes[name])
    return {name: shape for name, shape in shapes.items() if name in found}


def _list_shapes(model: t.Any) -> Iterator[str]:
    """List the names of the shapes that an operation or a shape refers to."""
    for member in ("input", "output", "member", "key", "value"):
        if member in model:
            yield model[member]["shape"]
    for reference in (*model.get("errors", ()), *model.get("members", {}).values()):
        yield reference["shape"]
