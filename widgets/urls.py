"""The widget module's addresses outside the REST API and the admin."""

from django.conf import settings
from django.urls import path

from widgets import mail_links, views

urlpatterns = [
    path("api/widget/embed.js", views.embed_script, name="embed-script"),
    path("api/widget/chunks/<path:name>", views.script_chunk, name="script-chunk"),
    path("api/widget/<str:widget_id>/config", views.widget_config, name="widget-config"),
    path("chat/<str:widget_id>", views.chat_page, name="chat-page"),
    path("chat/continue/<str:token>", mail_links.continue_page, name="chat-continue"),
    path("chat/stop/<str:value>", mail_links.stop_page, name="chat-stop"),
    path("widgets", views.widget_list, name="staff-widget-list"),
    path("widgets/create", views.widget_create, name="staff-widget-create"),
    path("widgets/<uuid:id>", views.widget_details, name="staff-widget-details"),
]
if settings.DEMO_PAGE:
    urlpatterns += [
        path("demo/", views.demo_page, name="demo"),
        path("demo/orders/<str:number>", views.demo_order_status, name="demo-order"),
        path("demo/orders/<str:number>/cancel", views.demo_order_cancel, name="demo-order-cancel"),
        path("demo/help/", views.demo_help, name="demo-help"),
        path("demo/help/<slug:name>/", views.demo_help, name="demo-help"),
    ]
