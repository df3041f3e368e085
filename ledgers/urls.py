from django.urls import path

from ledgers.views import answering, committing, handing_back, handing_in, ledger

app_name = "ledgers"

urlpatterns = [
    path("", handing_in.ledgers, name="list"),
    path("blank/<str:kind>/", handing_in.blank, name="blank"),
    path("answers/", answering.answers, name="answers"),
    path("answers/<int:pk>/revoke/", answering.revoke, name="revoke"),
    path("<int:pk>/", ledger.ledger, name="ledger"),
    path("<int:pk>/rows/<int:row>/", ledger.row, name="row"),
    path("<int:pk>/file/", handing_in.file, name="file"),
    path("<int:pk>/handed-back/", handing_back.handed_back, name="handed_back"),
    path("<int:pk>/answer/", answering.answer, name="answer"),
    path("<int:pk>/decide/", answering.decide, name="decide"),
    path("<int:pk>/read/", handing_in.read_again, name="read_again"),
    path("<int:pk>/again/", handing_in.again, name="again"),
    path("<int:pk>/cancel/", handing_in.cancel, name="cancel"),
    path("<int:pk>/enter/", committing.enter, name="enter"),
    path("<int:pk>/undo/", committing.undo, name="undo"),
]
