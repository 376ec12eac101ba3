"""Background jobs: functions under `django_tasks.task`, stored until they are done."""
