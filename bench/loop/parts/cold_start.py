"""Processor time of a cold start by part: imports, clients, and the first calls over TLS."""

import datetime
import ipaddress
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.loop.comparison import spread
from bench.loop.lambda_events import QUEUE, kinesis_event, sqs_event
from bench.loop.rivals.rivals import Rival, environment
from bench.loop.trial import CONCURRENCY, stub
from bench.loop.workloads import ONE_EVENT

USERS = 100
CHILD = Path(__file__).with_name("cold_process.py")
FUNCTIONS = {"ingest": ("broker.ingest", "_ingest"), "refresh": ("broker.refresh", "_refresh", QUEUE)}
ONE, FIRST, SECOND = "first call, one user", f"next invocation, {USERS} users", f"the one after it, {USERS} users"


def measure(rivals: Sequence[Rival], rounds: int, advance: Callable[[], None]) -> list[dict[str, Any]]:
    """Return, by rival and function, the parts in milliseconds; the first round is not counted: it compiles."""
    parts: dict[tuple[str, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key, bundle = _certificate(folder)
        with stub(str(certificate), str(key)) as url:
            authorities = {"AWS_CA_BUNDLE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle)}
            variables = {**environment(url, CONCURRENCY), **authorities}
            for _ in range(rounds + 1):
                for rival in rivals:
                    for function, arguments in FUNCTIONS.items():
                        calls = folder / "calls"
                        calls.write_text("\n".join(map(json.dumps, _calls(function))))
                        measured = _start(arguments, calls, variables | {"PYTHONPATH": str(rival.source)})
                        parts.setdefault((rival.title, function), []).append(measured)
                        advance()
    return [
        {
            "rival": rival,
            "function": function,
            "parts": {part: vars(spread(each[part] for each in measured[1:])) for part in measured[0]},
        }
        for (rival, function), measured in parts.items()
    ]


def _start(arguments: Sequence[str], calls: Path, variables: dict[str, str]) -> dict[str, float]:
    module, *builder = arguments
    command = [sys.executable, str(CHILD), module, str(calls), *builder]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ours
    parts: dict[str, float] = json.loads(done.stdout)
    return parts


def _calls(function: str) -> list[dict[str, Any]]:
    calls = []
    for part, users in ((ONE, 1), (FIRST, USERS), (SECOND, USERS)):
        batches, _ = ONE_EVENT.draw(users, random.SystemRandom())
        event = kinesis_event(batches)
        if function == "refresh":
            event = sqs_event([_message(batch) for batch in batches])
        calls.append({"part": part, "event": event})
    return calls


def _message(batch: dict[str, Any]) -> str:
    """Return a message as both versions read it."""
    user = {"mpid": int(batch["mpid"]), "environment": "production", "recommendations": None}
    return json.dumps(user | {"sequence_number": "1", "event_ms": int(batch["timestamp_unixtime_ms"])})


def _certificate(folder: Path) -> tuple[Path, Path, Path]:
    """Write a certificate of the loopback, its key, and a bundle of it and the usual authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(loopback, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files = folder / "certificate.pem", folder / "key.pem", folder / "bundle.pem"
    files[0].write_bytes(certificate)
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    files[2].write_bytes(Path(certifi.where()).read_bytes() + certificate)
    return files
