"""The address under which a client reached the server: what absolute links begin with."""

from __future__ import annotations

from fastapi import Request

from service.api.access import host_of
from service.api.context import Context


def base_address(request: Request, here: Context) -> str:
    """Return scheme and host, without a slash at the end: as the settings say, else as the request was sent.

    A proxy that speaks TLS passes on plain HTTP, so names that only a proxy has are `https`. A `Host` that cannot be a name is
    never repeated: links are relative then.
    """
    if here.settings.public_url is not None:
        return here.settings.public_url.rstrip("/")
    host = host_of(request.headers.get("host"))
    if host is None:
        return ""
    scheme = "https" if here.access.is_offered_by_proxy(host) else request.url.scheme
    return f"{scheme}://{host}"
