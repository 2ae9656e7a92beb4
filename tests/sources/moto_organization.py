"""Serves an AWS Organizations written elsewhere (moto), and its IAM and STS: run by moto's own virtual environment.

There are 1,205 accounts in it, or as many as the argument says. Prints the port, then serves until it is ended. The accounts are made by moto's own code, without HTTP.
"""

from __future__ import annotations

import sys

from moto.organizations.models import organizations_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1205


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object, **__: object) -> None:
        pass


def seed() -> None:
    backend = organizations_backends["123456789012"]["aws"]
    backend.create_organization(region="us-east-1", FeatureSet="ALL")
    root = backend.list_roots()["Roots"][0]["Id"]
    upper = backend.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    lower = backend.create_organizational_unit(ParentId=upper, Name="Prod")["OrganizationalUnit"]["Id"]
    places = (root, upper, lower)
    for number in range(ACCOUNTS):
        name = f"account-{number:04d}"
        tags = [{"Key": "team", "Value": f"team-{number % 7}"}] if number % 2 else []
        made = backend.create_account(Email=f"{name}@example.com", AccountName=name, Tags=tags)
        if number % 3 and number < 90:
            account = made["CreateAccountStatus"]["AccountId"]
            backend.move_account(AccountId=account, SourceParentId=root, DestinationParentId=places[number % 3])


def main() -> None:
    seed()
    server = make_server(
        "127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Handler
    )
    print(server.server_port, flush=True)
    sys.stdout.close()
    server.serve_forever()


main()
