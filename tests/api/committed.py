"""The description of the API as it is kept in docs/openapi.json: `make schema` writes it.

What breaks clients is not written unless BREAKING is set: then it is meant.
"""

import json
import os
import sys

import django

from tests.api.breaking import breaks
from tests.source import ROOT

KEPT = ROOT / "docs" / "openapi.json"


def written(document: object) -> str:
    """A document as it is kept: sorted, so that a difference is one of meaning."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write it anew. Exits with what breaks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agileml.settings")
    django.setup()
    from drf_spectacular.settings import spectacular_settings

    document = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True)
    broken = breaks(json.loads(KEPT.read_text()), document) if KEPT.exists() else []
    for line in broken:
        print(line)
    if broken and "BREAKING" not in os.environ:
        sys.exit("These break clients, so nothing was written; `make schema BREAKING=yes` writes all the same.")
    KEPT.write_text(written(document))


if __name__ == "__main__":
    main()
