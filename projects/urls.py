from django.urls import path

from projects.views import (
    contract,
    editing,
    leads,
    ledger,
    moving,
    new_year,
    papers,
    plan,
    progress,
    project,
    signing,
    suspicions,
    verifying,
)

app_name = "projects"

urlpatterns = [
    path("", ledger.ledger, name="list"),
    # Entering a lead
    path("leads/new/", leads.new, name="new_lead"),
    path("leads/new/assist/", leads.assist, name="assist_lead"),
    # Entering a signing
    path("new/", signing.new, name="new"),
    path("new/assist/", signing.assist, name="assist"),
    path("new/keep/", signing.keep_draft, name="keep_draft"),
    path("drafts/", signing.own_drafts, name="drafts"),
    path("drafts/<int:pk>/discard/", signing.discard_draft, name="discard_draft"),
    # The bureau's word
    path("verify/", verifying.verify, name="verify"),
    path("verify/ledger/<int:pk>/", verifying.verify_ledger, name="verify_ledger"),
    path("verify/<int:pk>/", verifying.verdict, name="verdict"),
    # Monthly progress
    path("progress/", progress.report_month, name="report_month"),
    # The water detector
    path("suspicions/", suspicions.suspicions, name="suspicions"),
    path("suspicions/<int:pk>/", suspicions.suspicion, name="suspicion"),
    # The annual plan
    path("plan/", plan.plan, name="plan"),
    path("plan/new-year/<int:year>/", new_year.differences, name="new_year"),
    path("plan/new-year/<int:year>/<int:pk>/", new_year.decide, name="decide_new_year"),
    # One project
    path("<int:pk>/", project.project, name="project"),
    path("<int:pk>/contact/", project.reveal_contact, name="reveal_contact"),
    path("<int:pk>/plan/", plan.project_plan, name="project_plan"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/shares/", editing.share_out, name="share_out"),
    path("<int:pk>/contract/", contract.contract, name="contract"),
    path("<int:pk>/advance/", moving.advance, name="advance"),
    path("<int:pk>/back/", moving.take_back, name="take_back"),
    path("<int:pk>/pause/", moving.pause, name="pause"),
    path("<int:pk>/resume/", moving.resume, name="resume"),
    path("<int:pk>/end/", moving.end, name="end"),
    path("<int:pk>/progress/", progress.progress, name="progress"),
    path("<int:pk>/papers/", papers.hand_in, name="hand_in"),
    path("<int:pk>/papers/<int:evidence>/", papers.paper, name="paper"),
]
