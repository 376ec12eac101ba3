"""The transitions of a conversation between the agent, the team and a person.

One function per transition, one transaction each: it locks the session, checks, writes, and hints
to the processes with the session's sockets once it is committed. A transition that finds itself
done already changes nothing.
"""
