"""Where a request comes from the nearest proxy says, and nobody else."""

import httpx

from tests.web_server import WebServer


def test_nobody_says_herself_where_she_comes_from_however_she_spells_it(site: WebServer):
    site.env |= {"AGILEML_PROXIES": "1", "AGILEML_RATE_LOOK": "1"}
    site.restart()

    def look(proxy: str, *own: tuple[str, str]) -> int:
        return httpx.get(f"{site.url}/d/x/", headers=[("X-Forwarded-For", proxy), *own]).status_code

    assert look("198.51.100.1") == 404
    assert look("198.51.100.1") == 429
    assert look("203.0.113.7, 198.51.100.1") == 429
    for name in ("X_Forwarded_For", "X_forwarded-for", "X-Forwarded_For"):
        assert look("198.51.100.1", (name, "203.0.113.7")) == 429
    assert look("198.51.100.2") == 404
