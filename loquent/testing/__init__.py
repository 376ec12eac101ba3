"""Support code for the tests of all apps. The product never imports it.

`people`: organizations, users, agents, widgets. `sockets`: a visitor at the real ASGI application.
`scripted`: a backend that says what a test tells it to. `process`: a real `manage.py serve`.
`selection`: marks that follow from what a test is, such as `row` and `database`.
`rig` (run as a module): a throw-away PostgreSQL and Redis for one command.
"""
