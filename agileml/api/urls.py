"""The addresses of the API."""

from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter

from agileml.api import (
    changes,
    decisions,
    demo_feedback,
    demo_items,
    demos,
    described,
    members,
    metrics,
    mirrored,
    models,
    notes,
    projects,
    proposals,
    sources,
    sprints,
    stories,
    stream,
    suggestions,
    tickets,
    tokens,
    webhooks,
)
from agileml.api.problems import nowhere


class Key:
    """A project's key."""

    regex = "[A-Z][A-Z0-9]{1,9}"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


class Number:
    """The number of something inside a project, or a plan version; none is longer than a column holds."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Its digits."""
        return str(value)


register_converter(Key, "key")
register_converter(Number, "number")

TICKET: list[URLPattern | URLResolver] = [
    path("", tickets.OneTicket.as_view(), name="ticket"),
    path("status/", tickets.Status.as_view(), name="ticket-status"),
    path("rank/", tickets.Rank.as_view(), name="ticket-rank"),
    path("links/", tickets.Links.as_view(), name="ticket-links"),
    path("findings/", notes.Findings.as_view(), name="ticket-findings"),
    path("findings/<uuid:uid>/", notes.OneFinding.as_view(), name="ticket-finding"),
    path("comments/<uuid:uid>/", notes.OneComment.as_view(), name="ticket-comment"),
    path("opinions/", notes.Opinions.as_view(), name="ticket-opinions"),
    path("comments/", notes.Comments.as_view(), name="ticket-comments"),
    path("snapshots/", metrics.Snapshots.as_view(), name="ticket-snapshots"),
    path("corrections/", metrics.Corrections.as_view(), name="ticket-corrections"),
    path("judgements/", metrics.Judgements.as_view(), name="ticket-judgements"),
    path("bindings/", sources.Bindings.as_view(), name="ticket-bindings"),
]

SPRINT: list[URLPattern | URLResolver] = [
    path("", sprints.OneSprint.as_view(), name="sprint"),
    path("draft/", sprints.Draft.as_view(), name="sprint-draft"),
    path("board/", sprints.Board.as_view(), name="sprint-board"),
    path("suggestions/", suggestions.Suggestions.as_view(), name="sprint-suggestions"),
    path("suggestions/dismiss/", suggestions.Dismiss.as_view(), name="sprint-suggestions-dismiss"),
    path("start/", sprints.Start.as_view(), name="sprint-start"),
    path("close/", sprints.Close.as_view(), name="sprint-close"),
    path("report/", sprints.SprintReport.as_view(), name="sprint-report"),
    path("decisions/", decisions.SprintDecisions.as_view(), name="sprint-decisions"),
    path("decisions/<number:version>/revert/", decisions.SprintRevert.as_view(), name="sprint-revert"),
    path("proposals/", proposals.Proposals.as_view(), name="proposals"),
    path("proposals/<uuid:proposal>/", proposals.OneProposal.as_view(), name="proposal"),
    path("proposals/<uuid:proposal>/decide/", proposals.Decide.as_view(), name="proposal-decide"),
    path("proposals/<uuid:proposal>/decline/", proposals.Decline.as_view(), name="proposal-decline"),
    path("proposals/<uuid:proposal>/withdraw/", proposals.Withdraw.as_view(), name="proposal-withdraw"),
    path("plan/", sprints.SprintPlan.as_view(), name="sprint-plan"),
    path("plan/diff/", sprints.SprintPlanDiff.as_view(), name="sprint-plan-diff"),
]

MODEL: list[URLPattern | URLResolver] = [
    path("", models.OneModel.as_view(), name="model"),
    path("policy/", models.NextPolicy.as_view(), name="model-policy"),
    path("policies/", models.Policies.as_view(), name="model-policies"),
    path("evaluations/", models.Evaluations.as_view(), name="evaluations"),
    path("evaluations/<number:number>/", models.OneEvaluation.as_view(), name="evaluation"),
    path("evaluations/<number:number>/look/", models.TakeLook.as_view(), name="evaluation-look"),
    path("evaluations/<number:number>/withdraw/", models.WithdrawEvaluation.as_view(), name="evaluation-withdraw"),
    path("promotions/", models.ModelPromotions.as_view(), name="model-promotions"),
    path("promotions/<number:number>/", models.OnePromotion.as_view(), name="promotion"),
]

WEBHOOK: list[URLPattern | URLResolver] = [
    path("", webhooks.OneWebhook.as_view(), name="webhook"),
    path("rotate/", webhooks.RotateSecret.as_view(), name="webhook-rotate"),
    path("ping/", webhooks.PingWebhook.as_view(), name="webhook-ping"),
    path("deliveries/", webhooks.Deliveries.as_view(), name="webhook-deliveries"),
    path("deliveries/<uuid:delivery>/redeliver/", webhooks.Redeliver.as_view(), name="webhook-redeliver"),
]

ITEM: list[URLPattern | URLResolver] = [
    path("", demo_items.OneItem.as_view(), name="demo-item"),
    path("rank/", demo_items.ItemRank.as_view(), name="demo-item-rank"),
    path("left-out/", demo_items.ItemLeftOut.as_view(), name="demo-item-left-out"),
    path("images/", demo_items.Images.as_view(), name="demo-images"),
    path("images/<uuid:image>/", demo_items.OneImage.as_view(), name="demo-image"),
]

DEMO: list[URLPattern | URLResolver] = [
    path("", demos.OneDemo.as_view(), name="demo"),
    path("items/", demo_items.Items.as_view(), name="demo-items"),
    path("items/refresh/", demo_items.RefreshItems.as_view(), name="demo-items-refresh"),
    path("items/<uuid:item>/", include(ITEM)),
    path("preview/", demos.Preview.as_view(), name="demo-preview"),
    path("publish/", demos.Publish.as_view(), name="demo-publish"),
    path("edition/", demos.NewestEdition.as_view(), name="demo-edition"),
    path("editions/", demos.Editions.as_view(), name="demo-editions"),
    path("editions/<number:edition>/", demos.OneEdition.as_view(), name="demo-edition-number"),
    path("feedback/", demo_feedback.FeedbackOnDemo.as_view(), name="demo-feedback"),
    path("feedback/<uuid:feedback>/answer/", demo_feedback.AnswerFeedback.as_view(), name="demo-feedback-answer"),
    path("feedback/<uuid:feedback>/ticket/", demo_feedback.FeedbackToTicket.as_view(), name="demo-feedback-ticket"),
    path("feedback/<uuid:feedback>/finding/", demo_feedback.FeedbackToFinding.as_view(), name="demo-feedback-finding"),
    path("goals/", demo_feedback.Goals.as_view(), name="demo-goals"),
    path("share-links/", demos.ShareLinks.as_view(), name="demo-share-links"),
    path("share-links/<uuid:link>/", demos.OneShareLink.as_view(), name="demo-share-link"),
]

PROJECT: list[URLPattern | URLResolver] = [
    path("", projects.OneProject.as_view(), name="project"),
    path("members/", members.Members.as_view(), name="members"),
    path("members/<uuid:member>/", members.OneMember.as_view(), name="member"),
    path("members/<uuid:member>/tokens/", tokens.ServiceTokens.as_view(), name="member-tokens"),
    path("members/<uuid:member>/tokens/<uuid:token>/", tokens.ServiceToken.as_view(), name="member-token"),
    path("epics/", stories.Epics.as_view(), name="epics"),
    path("epics/<number:number>/", stories.OneEpic.as_view(), name="epic"),
    path("epics/<number:number>/rank/", stories.EpicRank.as_view(), name="epic-rank"),
    path("epics/<number:number>/target/", stories.EpicTarget.as_view(), name="epic-target"),
    path("epics/<number:number>/reviews/", stories.Reviews.as_view(), name="epic-reviews"),
    path("stories/", stories.Stories.as_view(), name="stories"),
    path("stories/<number:number>/", stories.OneStory.as_view(), name="story"),
    path("stories/<number:number>/rank/", stories.StoryRank.as_view(), name="story-rank"),
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/batch/", mirrored.Batch.as_view(), name="tickets-batch"),
    path("tickets/by-external/", mirrored.ByExternal.as_view(), name="ticket-by-external"),
    path("tickets/<number:number>/", include(TICKET)),
    path("links/", tickets.PushedLinks.as_view(), name="links"),
    path("sprints/", sprints.Sprints.as_view(), name="sprints"),
    path("sprints/<number:number>/", include(SPRINT)),
    path("decisions/", decisions.Decisions.as_view(), name="decisions"),
    path("decisions/<uuid:uid>/revert/", decisions.Revert.as_view(), name="revert"),
    path("metrics/", metrics.Metrics.as_view(), name="metrics"),
    path("metrics/<uuid:uid>/", metrics.OneMetric.as_view(), name="metric"),
    path("baselines/", metrics.Baselines.as_view(), name="baselines"),
    path("baselines/<uuid:uid>/", metrics.OneBaseline.as_view(), name="baseline"),
    path("models/", models.Models.as_view(), name="models"),
    path("models/<slug:slug>/", include(MODEL)),
    path("promotions/", models.Promotions.as_view(), name="promotions"),
    path("candidates/", models.Candidates.as_view(), name="candidates"),
    path("sources/", sources.Sources.as_view(), name="sources"),
    path("sources/refresh/", sources.RefreshSources.as_view(), name="sources-refresh"),
    path("sources/<uuid:source>/", sources.OneSource.as_view(), name="source"),
    path("sources/<uuid:source>/check/", sources.CheckSource.as_view(), name="source-check"),
    path("sources/<uuid:source>/polls/", sources.Polls.as_view(), name="source-polls"),
    path("bindings/<uuid:binding>/", sources.OneBinding.as_view(), name="binding"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:webhook>/", include(WEBHOOK)),
    path("demos/", demos.Demos.as_view(), name="demos"),
    path("demos/<number:number>/", include(DEMO)),
    path("share-links/", demos.AllShareLinks.as_view(), name="share-links"),
    path("share-links/<uuid:link>/", demos.AnyShareLink.as_view(), name="share-link"),
    path("changes/", changes.Changes.as_view(), name="changes"),
    path("changes/stream/", stream.ChangesStream.as_view(), name="changes-stream"),
]

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/me/", projects.Me.as_view(), name="me"),
    path("v1/me/tokens/", tokens.OwnTokens.as_view(), name="me-tokens"),
    path("v1/me/tokens/<uuid:uid>/", tokens.OwnToken.as_view(), name="me-token"),
    path("v1/projects/", projects.Projects.as_view(), name="projects"),
    path("v1/projects/<key:key>/", include(PROJECT)),
    # One address is all that a training script needs.
    path("v1/tickets/<key:key>-<number:number>/snapshots/", metrics.Snapshots.as_view(), name="snapshots"),
    path("v1/schema/", described.OpenApi.as_view(), name="schema"),
    re_path("", nowhere),
]
