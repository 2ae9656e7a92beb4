"""Clients of AWS's APIs through botocore, for the services that are asked now and then; a switch does without it.

The SDK's settings for endpoints, certificates and proxies hold. Nothing of the person's profiles is consulted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from xswitch.aws.patience import BUSY, Failed, Throttled
from xswitch.errors import Denied, Unreachable, Usage
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.credentials import Credentials

_PASSING: Final = frozenset({"InternalFailure", "ServiceUnavailable", "ServiceException", "InternalServerException"})
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 20


def client(
    service: str,
    environ: Mapping[str, str],
    *,
    region: str,
    credentials: Credentials | None = None,
    pool: int = 10,
    connect: float = CONNECT_SECONDS,
    read: float = READ_SECONDS,
) -> Any:
    """Return a botocore client that tries each call once; unsigned without ``credentials``. Safe for threads.

    ``connect`` and ``read`` are how many seconds a connection and an answer may take. Raises Usage for an endpoint or
    region that is none.
    """
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    nothing = (None, None, os.devnull, None)
    session = Session(
        session_vars={"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    )
    session.register_component("data_loader", _loader())
    token = credentials.session_token if credentials else None
    try:
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=_endpoint(service, environ),
            verify=environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or None,
            aws_access_key_id=credentials.access_key_id if credentials else None,
            aws_secret_access_key=credentials.secret_access_key.reveal() if credentials else None,
            aws_session_token=token.reveal() if token else None,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=pool,
                user_agent_extra="xswitch",
                **({} if credentials else {"signature_version": UNSIGNED}),
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise Usage(f"{service} can't be reached so: {clean(str(error))}", "check AWS_ENDPOINT_URL") from None


@cache
def _loader() -> Any:
    """Return what reads botocore's data, each file once in a process: they are most of what a client costs."""
    from botocore.loaders import create_loader

    return create_loader()


def caller(client: Any, doing: str) -> Callable[..., Mapping[str, Any]]:
    """Return what makes one call of a client by its API name. It raises Throttled, Failed, Denied, Unreachable."""
    from botocore import exceptions, xform_name
    from botocore.parsers import ResponseParserError

    def call(action: str, **params: Any) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = getattr(client, xform_name(action))(**params)
        except exceptions.ClientError as error:
            raise _refused(error.response, action, doing) from None
        except exceptions.SSLError:
            hint = "behind a TLS proxy, AWS_CA_BUNDLE names the file of its certificates"
            raise Unreachable(f"the certificate is not trusted, for {doing}", hint) from None
        except exceptions.ConnectionError:
            raise Failed("it can't be reached") from None
        except exceptions.HTTPClientError:
            raise Failed("the connection broke off") from None
        except (ResponseParserError, exceptions.BotoCoreError, OSError, ValueError, KeyError, TypeError) as error:
            raise Failed(f"no answer of AWS ({type(error).__name__})") from None
        if not answer.keys() - {"ResponseMetadata"} and _says_something(client, action):
            raise Failed("no whole answer of AWS")  # botocore passes over a body that is no JSON, such as half of one
        return answer

    return call


def _says_something(client: Any, action: str) -> bool:
    """Tell whether an answer of an action has members at all."""
    shape = client.meta.service_model.operation_model(action).output_shape
    return shape is not None and bool(shape.members)


def _refused(response: Mapping[str, Any], action: str, doing: str) -> Exception:
    """Return what to raise for an error answer."""
    said, facts = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, message = clean(str(said.get("Code") or "")), clean(str(said.get("Message") or ""))
    status = int(facts.get("HTTPStatusCode") or 0)
    if code in BUSY or status == 429:
        wait = str(facts.get("HTTPHeaders", {}).get("retry-after", ""))
        return Throttled(min(float(wait), 30.0) if wait.isdigit() else 0.0)
    if status >= 500 or code in _PASSING:
        return Failed(code or str(status))
    return Denied(
        f"AWS denied {action} for {doing}: {message or code}",
        "the identity's policies have to allow it, and AWS Organizations has to know its account as an administrator"
        if "rganization" in action or action.startswith("ListAccounts")
        else "",
        aws_code=code,
        aws_message=message,
        request_id=str(facts.get("RequestId") or ""),
        side="caller",
    )


def _endpoint(service: str, environ: Mapping[str, str]) -> str | None:
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    own = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
    return environ.get(own) or environ.get("AWS_ENDPOINT_URL") or None
