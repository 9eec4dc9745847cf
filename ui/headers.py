"""What every answer's headers say to browsers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders


def content_security_policy(path: str) -> str:
    """Give the strictest policy that the page at `path` works under."""
    common = "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    if path.startswith(("/v1/", "/health", "/ready", "/metrics", "/openapi.json")):
        return f"default-src 'none'; sandbox; {common}"
    if path.startswith("/docs"):  # Swagger UI styles elements inline and draws its icons from data: addresses
        return (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            f"connect-src 'self'; {common}"
        )
    return f"default-src 'none'; style-src 'unsafe-inline'; {common}"  # the chat page itself brings its own


def add_headers(headers: MutableHeaders, path: str) -> None:
    """Add them to an answer from `path`."""
    headers.setdefault("content-security-policy", content_security_policy(path))  # the page knows its own best
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "same-origin"  # 'no-referrer' would make the login form's Origin "null"
    headers["x-frame-options"] = "DENY"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
    if path.startswith("/v1/"):
        headers.setdefault("cache-control", "no-store")
