"""Push what was measured to a ticket, with nothing but the standard library.

    from push import push
    push("DIG-7", {"error": 0.0056, "seed": 3}, run="svm-wide-seed=3")

AGILEML_URL and AGILEML_TOKEN say where to and by whom. A run that is pushed again supersedes what it said before, so it
is safe to repeat; a server that is busy or starting is asked again.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

LATER = {429, 502, 503, 504}


def push(ticket: str, metrics: dict[str, Any], *, run: str = "", tries: int = 5) -> dict[str, Any]:
    """Push metrics to a ticket such as DIG-7 and return the answer. Raises RuntimeError with what was wrong."""
    body = {"format": "flat", "payload": metrics} | ({"external_id": run} if run else {})
    request = urllib.request.Request(
        f"{os.environ['AGILEML_URL']}/api/v1/tickets/{ticket}/snapshots/",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['AGILEML_TOKEN']}", "Content-Type": "application/json"},
    )
    for attempt in range(1, tries + 1):
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                said: dict[str, Any] = json.load(answer)
                return said
        except urllib.error.HTTPError as error:
            if error.code not in LATER or attempt == tries:
                raise RuntimeError(f"{error.code}: {error.read(2_000).decode(errors='replace')}") from None
        except urllib.error.URLError as error:
            if attempt == tries:
                raise RuntimeError(f"AgileML cannot be reached: {error.reason}") from None
        time.sleep(min(2**attempt / 4, 10))
    raise AssertionError("unreachable")


if __name__ == "__main__":
    print(json.dumps(push(sys.argv[1], json.load(sys.stdin), run=sys.argv[2] if len(sys.argv) > 2 else "")))
