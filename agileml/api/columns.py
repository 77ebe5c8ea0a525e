"""The fields of each resource, as `?fields=` may name them. A test holds them equal to what the shapes give."""

PROJECT = (
    "uid", "key", "name", "time_zone", "working_days", "holidays", "sprint_days", "estimate_mode", "replanners",
    "wip_limits", "wip_per_person", "wip_hard", "created_at", "version", "revision",
)  # fmt: skip
MEMBER = ("uid", "user", "kind", "role", "active", "joined_at", "revision")
TOKEN = (
    "id", "name", "begins", "scope", "project", "created_at", "expires_at", "revoked_at", "last_used_at",
)  # fmt: skip
EPIC = (
    "uid", "number", "title", "goal", "components", "target", "rank", "external_refs", "version", "revision",
    "created_at", "updated_at",
)  # fmt: skip
REVIEW = ("uid", "epic", "sprint", "verdict", "note", "author", "at", "revision")
STORY = (
    "uid", "number", "title", "description", "epic", "rank", "external_refs", "version", "revision", "created_at",
    "updated_at",
)  # fmt: skip
TICKET = (
    "uid", "number", "key", "type", "title", "question", "description", "expected_benefit", "riskiest_assumption",
    "stop_when", "component", "story", "epic", "labels", "estimate", "assignee", "reviewer", "status", "outcome",
    "unverified", "blocked", "waiting_on_run", "links", "checklist", "sprint", "planned_sprint", "split_from", "rank",
    "depends_on", "criteria", "external_refs", "version", "revision", "created_at", "updated_at",
)  # fmt: skip
FINDING = ("uid", "ticket", "kind", "text", "cites", "author", "at", "external_refs", "revision")
OPINION = ("uid", "ticket", "opinion", "text", "author", "at", "revision")
COMMENT = ("uid", "ticket", "text", "author", "at", "external_refs", "revision")
SNAPSHOT = (
    "uid", "ticket", "metric", "value", "value_state", "step", "candidate", "pair_key", "split", "dataset",
    "observed_at", "run_id", "run_name", "run_url", "git_commit", "params", "source", "external_id", "supersedes",
    "received_at", "revision",
)  # fmt: skip
CORRECTION = (
    "uid", "ticket", "source", "external_id", "run_pair", "run_split", "candidate", "pair_key", "split", "reason",
    "actor", "at", "revision",
)  # fmt: skip
JUDGEMENT = (
    "uid", "ticket", "criterion", "state", "value", "bound", "candidate", "compared", "at", "revision",
)  # fmt: skip
METRIC = ("uid", "key", "direction", "unit", "smallest_difference", "watched", "revision")
BASELINE = ("uid", "metric", "label", "candidate", "constant", "dataset", "split", "revision")
SPRINT = (
    "uid", "number", "name", "goal", "increment", "start", "end", "state", "plan_version", "replans", "started_at",
    "closed_at", "external_refs", "version", "revision",
)  # fmt: skip
DECISION = (
    "uid", "sprint", "version", "group", "kind", "reason_code", "reason", "evidence", "moves", "actor", "at",
    "reverts", "partial", "reverted_by", "revision",
)  # fmt: skip
PROPOSAL = (
    "uid", "sprint", "base_version", "moves", "reason_code", "reason", "evidence", "author", "at", "state",
    "answered_by", "answered_at", "answer", "decision", "revision",
)  # fmt: skip
MODEL = (
    "uid", "slug", "name", "purpose", "registry_source", "registry_name", "policy", "champion", "created_at",
    "version", "revision",
)  # fmt: skip
POLICY = (
    "version", "metric", "margin", "dataset", "split", "design", "folds", "planned_n", "alpha", "looks", "guardrails",
    "at",
)  # fmt: skip
EVALUATION = (
    "uid", "number", "model", "champion", "challenger", "policy_version", "terms", "place", "expects", "state",
    "looks", "actor", "at", "ended_at", "version", "revision",
)  # fmt: skip
PROMOTION = (
    "uid", "model", "number", "candidate", "kind", "evaluation", "provisional", "reason", "deployment", "actor", "at",
    "revision",
)  # fmt: skip
CANDIDATE = ("uid", "ticket", "name", "created_at", "measured")
SOURCE = (
    "uid", "kind", "name", "config", "every_seconds", "state", "trouble", "last_poll", "version", "revision",
)  # fmt: skip
POLL = (
    "first_at", "at", "took_ms", "times", "seen", "created", "unchanged", "superseded", "refused", "problems",
)  # fmt: skip
BINDING = (
    "uid", "ticket", "source", "ref", "reduce", "step", "state", "trouble", "created_at", "revision",
)  # fmt: skip
WEBHOOK = (
    "uid", "url", "description", "kinds", "state", "trouble", "cursor", "behind", "failures", "failing_since",
    "next_attempt", "made_by", "created_at",
)  # fmt: skip
DELIVERY = (
    "uid", "event", "type", "revision", "cause", "attempt", "at", "took_ms", "status", "error", "answer",
)  # fmt: skip
DEMO = (
    "uid", "number", "sprint", "title", "intro", "state", "edition", "created_at", "published_at", "version",
    "revision",
)  # fmt: skip
DEMO_ITEM = (
    "uid", "demo", "ticket", "section", "headline", "story", "findings", "charts", "evaluations", "presenter", "rank",
    "left_out", "images", "version", "revision",
)  # fmt: skip
EDITION = ("demo", "edition", "at", "actor", "body")
FEEDBACK = (
    "uid", "demo", "edition", "item", "kind", "text", "user", "guest", "at", "answer", "answered_by", "answered_at",
    "became", "revision",
)  # fmt: skip
GOAL_ANSWER = ("uid", "demo", "edition", "epic", "verdict", "note", "user", "guest", "at", "revision")
SHARE_LINK = ("id", "demo", "passphrase", "expires_at", "revoked_at", "views", "actor", "created_at")
