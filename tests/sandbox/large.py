"""Large organizations, to page through: as many accounts as wanted, in a tree, some of one name, some closed."""

from __future__ import annotations

from random import Random

from small_aws import MANAGER, Clock

from xswitch.sandbox import Organization

TEAMS = ("payments", "search", "data", "web", "platform", "people")
ENVIRONMENTS = ("Prod", "Staging", "Dev")


def large(accounts: int, *, clock: Clock | None = None, seed: int = 1, sets: int = 0) -> Organization:
    """Return an organization with so many accounts beside the management account; the same for the same seed.

    Every hundredth name stands twice, every fiftieth account is suspended, every account but each tenth has tags.
    In each, ``ada`` has so many permission sets.
    """
    random = Random(seed)
    organization = Organization(MANAGER, "acme-management", clock=clock or Clock(), random=random)
    manager = organization.root(MANAGER)
    units = []
    workloads = manager.organizations("CreateOrganizationalUnit", ParentId=organization.root_id, Name="Workloads")
    for name in ENVIRONMENTS:
        parent = workloads["OrganizationalUnit"]["Id"]
        made = manager.organizations("CreateOrganizationalUnit", ParentId=parent, Name=name)
        units.append(made["OrganizationalUnit"]["Id"])
    for number in range(accounts):
        environment, team = number % len(units), TEAMS[number % len(TEAMS)]
        twice = number - 1 if number % 100 == 99 else number
        account = organization.add_account(
            f"{200000000000 + number * 7919}", f"{TEAMS[twice % len(TEAMS)]}-{twice:05d}", parent=units[environment]
        )
        if number % 50 == 49:
            account.state = "SUSPENDED"
        if number % 10:
            tags = [{"Key": "team", "Value": team}, {"Key": "environment", "Value": ENVIRONMENTS[environment].lower()}]
            manager.organizations("TagResource", ResourceId=account.id, Tags=tags)
    for number in range(sets):
        organization.directory.add_set(f"Set{number}")
        for account_id in [one for one in organization.accounts if one != MANAGER]:
            organization.directory.assign(organization, "ada", account_id, f"Set{number}")
    return organization
