"""Register the pages of the admin that belong to no model."""

from typing import cast

from django.contrib import admin

from loquent.agents.admin.pages import AgentPages
from loquent.organizations.site.navigation import Nav
from loquent.organizations.site.staff_site import StaffPage, StaffSite
from widgets.admin.home.page import home_page
from widgets.admin.inbox.counts import inbox_count
from widgets.admin.inbox.pages import inbox_page, rows_fragment, thread_fragment
from widgets.admin.knowledge import knowledge_page
from widgets.admin.notifications import notifications_page, register_push
from widgets.admin.overview import overview_csv, reports_page
from widgets.admin.quality import quality_page
from widgets.admin.questions import below_entries, questions_page
from widgets.admin.setup.first_run import SETUP_PAGES
from widgets.admin.unanswered import answer_page

site = cast("StaffSite", admin.site)
site.home = home_page
site.desk = "inbox"
AgentPages.below_entries.append(below_entries)
site.pages += [
    StaffPage(
        "inbox",
        "inbox/",
        inbox_page,
        Nav("", 1, "Live", "conversation", section="Inbox"),
        count=inbox_count,
    ),
    StaffPage("inbox_rows", "inbox/rows/", rows_fragment),
    StaffPage("inbox_thread", "inbox/<uuid:id>/", thread_fragment),
    StaffPage("knowledge", "knowledge/", knowledge_page, Nav("Assistant", 11, "Knowledge", "book")),
    StaffPage("answer_question", "knowledge/answer/", answer_page),
    StaffPage("overview_csv", "overview.csv", overview_csv),
    StaffPage(
        "quality",
        "quality/",
        quality_page,
        Nav("Assistant", 13, "Quality", "quality", section="Quality"),
    ),
    StaffPage("test_questions", "quality/questions/", questions_page),
    StaffPage(
        "reports",
        "reports/",
        reports_page,
        Nav("Assistant", 14, "Reports", "chart", section="Quality"),
    ),
    StaffPage(
        "notifications",
        "notifications/",
        notifications_page,
        Nav("", 3, "Notifications", "mail", section="Inbox"),
    ),
    StaffPage("register_push", "notifications/push/", register_push),
    *SETUP_PAGES,
]
