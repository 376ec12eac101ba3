"""A person of the team who answers over REST: a program with an API key that names the member."""

from typing import Any

import aiohttp

from loquent.organizations.models import Membership, Organization, Role
from loquent.organizations.services.organizations import add_member, create_api_key
from loquent.testing.people import PASSWORD


class Colleague:
    """Acts in the only conversation of the server."""

    def __init__(self, *, server_url: str, key: str, member: Membership) -> None:
        self._api = f"{server_url}/api/v1/sessions/"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._member = str(member.id)

    async def act(self, action: str, **body: Any) -> None:
        """POST an action, such as `take-over` or `resolve`."""
        async with aiohttp.ClientSession(headers=self._headers) as client:
            async with client.get(self._api) as found:
                session = (await found.json())["results"][0]
            address = f"{self._api}{session['id']}/{action}/"
            async with client.post(address, json={"member": self._member, **body}) as done:
                assert done.status < 300, await done.text()

    async def reply(self, content: str) -> None:
        """Write to the visitor."""
        await self.act("reply", content=content)


def hire(organization: Organization, name: str) -> tuple[str, Membership]:
    """Add a member with this public name; return a key that may act for members, and the member."""
    member = add_member(
        organization_id=str(organization.id),
        email=f"{name.split(maxsplit=1)[0].lower()}@example.com",
        password=PASSWORD,
        role=Role.OPERATOR,
        name=name,
    )
    return create_api_key(organization=organization, name="Program")[1], member
