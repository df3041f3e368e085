from django.urls import path

from core import views

app_name = "core"

urlpatterns = [
    path("jobs/", views.own_jobs, name="jobs"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/cancel/", views.cancel_job, name="cancel_job"),
    path("exports/<int:pk>/", views.export, name="export"),
    path("audit/", views.audit_trail, name="audit"),
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/<int:year>/notice/", views.enter_notice, name="enter_notice"),
]
