"""What a person may read of an issue: of a project they know only by its code-name, of what kind it is."""

from accounts.models import User
from approvals.models import Issue
from projects.rules import knows


def issue_text(issue: Issue, user: User) -> str:
    """For lists, with the project and its shares behind it; whoever works on the issue opens it."""
    return issue.text if knows(user, issue.project) else str(issue.get_category_display())
