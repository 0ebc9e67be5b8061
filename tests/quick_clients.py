"""What all clients of a process have in common, botocore works out once a process, and not once a session.

That is most of what a client costs, and tests make hundreds of them.
"""

import functools
from typing import Any

from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


def share_what_clients_read() -> None:
    """Share botocore's descriptions of services, and its names of events."""
    reads, lists, begins = JSONFileLoader.load_file, Loader.list_available_services, EventAliaser.__init__

    @functools.cache
    def read(path: str) -> Any:
        return reads(JSONFileLoader(), path)

    listed: dict[tuple[str, ...], list[str]] = {}

    def list_services(self: Loader, type_name: str) -> list[str]:
        key = (*self.search_paths, type_name)
        if key not in listed:
            listed[key] = lists(self, type_name)
        return listed[key]

    names: dict[str, str] = {}

    def begin(self: EventAliaser, *arguments: Any, **options: Any) -> None:
        begins(self, *arguments, **options)
        self._alias_name_cache = names

    JSONFileLoader.load_file = lambda self, path: read(path)
    Loader.list_available_services = list_services
    EventAliaser.__init__ = begin
