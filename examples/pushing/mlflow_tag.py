"""Tag a run of an MLflow server with its ticket, without the mlflow package: mlflow_tag.py RUN_ID DIG-7.

Where mlflow is installed, this is `mlflow.set_tag("agileml.ticket", "DIG-7")`.
"""

import json
import os
import sys
import urllib.request


def tag(run_id: str, ticket: str) -> None:
    """Set the tag by which the run lands on its ticket. Raises urllib.error.URLError."""
    request = urllib.request.Request(
        f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/set-tag",
        data=json.dumps({"run_id": run_id, "key": "agileml.ticket", "value": ticket}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20):
        pass


if __name__ == "__main__":
    tag(*sys.argv[1:3])
