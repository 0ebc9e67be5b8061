"""mParticle's IDSync API without HTTP: from the body of identify, login, logout or modify to its answer.

Source: docs.mparticle.com/developers/apis/idsync/. The form of a refusal is the one that mParticle's web SDK reads;
that page shows a list ``errors`` alone. In mParticle, the workspace's identity strategy decides who uses a device after
a logout. Here it is somebody new: what a stranger does on a shared device is not the customer's.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from local_stack.mparticle.core import ENVIRONMENTS, MParticle
from local_stack.mparticle.identities import NAME_OF, named_as_in_batches

DEVICE_IDENTITIES = (
    "device_application_stamp",
    *("android_uuid", "ios_idfv", "ios_idfa", "android_aaid", "fire_aid", "roku_aid", "roku_publisher_id"),
    *("amp_id", "push_token"),
)
"""The identities of a device, the one that tells devices apart best first."""


class BadRequest(Exception):
    """A body that IDSync refuses; the message is the reason."""


def identify(workspace: MParticle, content: Any, *, logout: bool = False) -> dict[str, Any]:
    """Return the answer to a body: the user's mpid, and which of the known identities led to it. Raises BadRequest.

    A login is answered in the same way; a logout leads to a new user of the device.
    """
    environment, known = _checked(content)
    device = next((known[name] for name in DEVICE_IDENTITIES if known.get(name)), None)
    users = {name: value for name, value in known.items() if name in NAME_OF}
    mpid, matched = workspace.identify(environment, named_as_in_batches(users), device, logout=logout)
    return {
        "context": None,
        "mpid": str(mpid),
        "matched_identities": {name: value for name, value in users.items() if (NAME_OF[name], value) in matched},
        "is_ephemeral": False,
        "is_logged_in": bool(users),
    }


def modify(workspace: MParticle, mpid: str, content: Any) -> dict[str, Any]:
    """Return the answer to a change of a user's identities. Raises BadRequest.

    The new value counts, whatever ``old_value`` says; null or an empty text removes the identity.
    """
    changes = _checked_changes(content)
    try:
        number = int(mpid)
    except ValueError:
        raise BadRequest("the mpid is not an integer") from None
    known = {NAME_OF[name]: value for name, value in changes.items()}
    if not workspace.modify(_environment(content), number, known):
        raise BadRequest("there is no user with this mpid")
    return {"change_results": [{"identity_type": name, "modified_mpid": mpid} for name in changes]}


def refusal(reason: str, status: int = 400, code: str = "BAD_REQUEST") -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "Errors": [{"code": code, "message": reason}],
        "ErrorCode": code,
        "StatusCode": status,
        "RequestId": str(uuid.uuid4()),
    }


def _checked(content: Any) -> tuple[str, dict[str, str]]:
    """Return the environment and the identities that are neither null nor empty."""
    known = content.get("known_identities") if isinstance(content, Mapping) else None
    if not isinstance(known, Mapping):
        raise BadRequest("known_identities is missing")
    if unknown := known.keys() - NAME_OF.keys() - set(DEVICE_IDENTITIES):
        raise BadRequest(f"known_identities has no identity type {', '.join(sorted(unknown))}")
    if any(isinstance(value, list | dict) for value in known.values()):
        raise BadRequest("the value of an identity must be a string")
    given = {name: str(value) for name, value in known.items() if value is not None and value != ""}
    if not given:
        raise BadRequest("known_identities needs at least one identity")
    return _environment(content), given


def _checked_changes(content: Any) -> dict[str, str | None]:
    """Return the new values by the caller's names of identities, None for those to remove."""
    changes = content.get("identity_changes") if isinstance(content, Mapping) else None
    if not isinstance(changes, list) or not changes or not all(isinstance(each, Mapping) for each in changes):
        raise BadRequest("identity_changes needs at least one change")
    for change in changes:
        if change.get("identity_type") not in NAME_OF:
            raise BadRequest("identity_type is no identity of a user")
        if isinstance(change.get("new_value"), list | dict):
            raise BadRequest("the value of an identity must be a string")
    values = {str(change["identity_type"]): change.get("new_value") for change in changes}
    return {name: None if value in (None, "") else str(value) for name, value in values.items()}


def _environment(content: Mapping[str, Any]) -> str:
    environment = content.get("environment", ENVIRONMENTS[0])
    if environment not in ENVIRONMENTS:
        raise BadRequest(f"environment must be {' or '.join(ENVIRONMENTS)}")
    return str(environment)
