from projects.forms.contract import EventForm
from projects.forms.editing import ProjectForm
from projects.forms.judging import JudgeForm
from projects.forms.lead import LeadForm
from projects.forms.moving import AdvanceForm, PauseForm, ReasonForm, TakeBackForm
from projects.forms.new_project import Doubt, NewProjectForm
from projects.forms.papers import EvidenceForm
from projects.forms.plan import PlanForm
from projects.forms.progress import MonthForm, ProgressForm, ReportTable
from projects.forms.shares import ShareOutForm
from projects.forms.signing import SigningForm

__all__ = [
    "AdvanceForm",
    "Doubt",
    "EventForm",
    "EvidenceForm",
    "JudgeForm",
    "LeadForm",
    "MonthForm",
    "NewProjectForm",
    "PauseForm",
    "PlanForm",
    "ProgressForm",
    "ProjectForm",
    "ReasonForm",
    "ReportTable",
    "ShareOutForm",
    "SigningForm",
    "TakeBackForm",
]
