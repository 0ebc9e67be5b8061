"""The commands of the deployment guide and the runbook: those that run beside a local stack, and why others do not."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GUIDES = ("deploy", "runbook")
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:aws|\./broker) [^`]*? --?[a-z][^`]*)`")
COMMENT = re.compile(r"(?:^|\s{2,})#.*")
PLACEHOLDER = re.compile(r"…|\b(?:KEY|ARN|FILE|TAG|MPID|YOU)\b")

CLI = "changes a stack on AWS; tests/deploy deploys, goes back and deletes"
# How a command begins that needs AWS, or a terminal: the reason. A test finds those that no guide has any more.
NOT_LOCAL = {
    "export AWS_PROFILE=": "names an account",
    "./cdk bootstrap": CLI,
    "./cdk diff": CLI,
    "./cdk destroy": CLI,
    "make deploy": CLI,
    "make synth": "needs CDK's command line; tests/infra synthesises every stage",
    "./broker secret": "asks in a terminal, or writes to AWS; tests/cli/test_secret.py runs both",
    "./broker pause": "deploys; tests/cli/test_pause.py runs its plan and its steps",
    "./broker resume": "deploys; tests/cli/test_pause.py runs its plan and its steps",
    "./broker tune": "compares with the settings of a stack; tests/cli/test_commands.py runs it",
    "for BUCKET in": "the local stack has no bucket for imports before the first import",
    "./broker serve": "runs until Ctrl-C; this test's services are its own",
    "./broker why --deep": "asks for a customer; tests/diagnosis runs it",
    "./broker rewind": "reads a stream again that is long enough; tests/loop/test_rewind.py runs it",
    'aws dynamodb scan --table-name "$METADATA_TABLE"': "there is one with --metadata; tests/loop/test_metadata.py",
    "aws cloudwatch set-alarm-state": "the local stack has no alarms",
    "aws sqs start-message-move-task": "moto does not have this operation",
}


@dataclass(frozen=True)
class Script:
    """Commands that belong together: a block of a guide, or one that stands in its text."""

    guide: str
    lines: tuple[str, ...]

    @property
    def runnable(self) -> tuple[str, ...]:
        """Return the lines that run beside a local stack."""
        return tuple(line for line in self.lines if reason(line) is None)


def reason(line: str) -> str | None:
    """Return why a line does not run here; None if it does."""
    if line.startswith("./broker ") and " --aws" in line:
        return "asks AWS; the command's own tests run it on local services"
    return next((why for begins, why in NOT_LOCAL.items() if line.startswith(begins)), None)


def scripts(docs: Path) -> list[Script]:
    """Return all commands of both guides, in order."""
    return [script for guide in GUIDES for script in _scripts(guide, (docs / f"{guide}.md").read_text())]


def _scripts(guide: str, text: str) -> Iterator[Script]:
    for block in BLOCK.findall(text):
        lines = textwrap.dedent(block).replace("\\\n", " ").splitlines()
        commands = (COMMENT.sub("", line) for line in lines)
        yield Script(guide, tuple(command for command in commands if command.strip()))
    for command in INLINE.findall(BLOCK.sub("", text)):
        if not PLACEHOLDER.search(command):
            yield Script(guide, (" ".join(command.split()),))
