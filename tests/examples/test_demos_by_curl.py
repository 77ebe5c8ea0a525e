"""What docs/demos.md says of the API works as it stands, against a server that is really there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from agileml.demos.models import Demo, DemoImage, DemoItem, Feedback, ShareLink
from agileml.projects.actions import issue_token
from agileml.work.models import Ticket
from tests.demos.pictures import PNG
from tests.demos.showing import make_shown
from tests.factories import NOW, make_cast, make_sprint
from tests.source import ROOT

GUIDE = (ROOT / "docs" / "demos.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


# Where a run says what it requires nothing is left out: there a jq that is missing fails it.
@pytest.mark.skipif(
    shutil.which("jq") is None and not os.environ.get("AGILEML_REQUIRE"), reason="jq is not on this machine"
)
@pytest.mark.django_db(transaction=True)
def test_a_demo_is_built_published_answered_and_shared_by_curl_alone(live_server: LiveServer, tmp_path: Path):
    cast = make_cast("DIG")
    make_sprint(cast)
    make_shown(cast)
    token = issue_token(user=cast.lead, name="curl", scope="write", now=NOW)
    (tmp_path / "errors.png").write_bytes(PNG)
    env = {"PATH": os.environ["PATH"], "AGILEML": f"{live_server.url}/api/v1", "TOKEN": token}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(BLOCKS)],
        env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr)
    assert len(BLOCKS) == 6

    demo = Demo.objects.get()
    assert (demo.sprint.number, demo.edition) == (2, 1)
    assert (tmp_path / "copy.png").read_bytes() == PNG
    assert DemoImage.objects.get().alt == "How the errors fall, with every repeat"
    first = DemoItem.objects.earliest("rank")
    assert (first.ticket and first.ticket.number, first.section, first.left_out) == (4, "learned", False)
    assert first.story == "Seen **twice**, with other seeds."
    said = Feedback.objects.get()
    assert said.became == {"ticket": Ticket.objects.get(type="data_exploration", title="And at other branches?").number}
    link = ShareLink.objects.get()
    assert link.demo is None
    assert link.revoked_at is not None
    assert re.search(rf"^{live_server.url}/d/[\w-]+/$", done.stdout, re.MULTILINE)
    assert json.dumps(said.became) in done.stdout.replace("\n", "").replace("  ", "")
