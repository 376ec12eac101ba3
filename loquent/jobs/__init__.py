"""Background jobs: functions decorated with `django_tasks.task`, stored until they are done."""
