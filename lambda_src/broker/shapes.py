"""Which other program's JSON a document is that is no batch of mParticle's, in words for people."""

from broker.json_values import mapping

# All of these keys make the shape. The order counts: the first that fits is it.
_SHAPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Records",), "an event of AWS Lambda, with the records inside: put what the records hold"),
    (("records", "deliveryStreamArn"), "an event of Amazon Data Firehose: put what its records hold"),
    (("detail", "detail-type"), "an event of Amazon EventBridge: put what its detail holds"),
    (("Message", "TopicArn"), "a notification of Amazon SNS: put its message"),
    (("messageId", "receiptHandle", "body"), "a message of Amazon SQS: put its body"),
    (("kinesis", "eventID"), "a record as AWS Lambda passes it: put its data"),
    (("mparticleuserid",), "a row of mParticle's data warehouse: ./broker backfill imports such rows with --column"),
    (("event_type", "data"), "an event outside of a batch: it belongs into the events of one"),
)


def shape_of(document: object) -> str:
    """Return what a document is, as far as its keys tell; nothing of its content."""
    if isinstance(document, str):
        return "JSON inside a JSON text: it was encoded twice" if document.lstrip()[:1] in ("{", "[") else ""
    keys = mapping(document).keys()
    return next((words for needed, words in _SHAPES if keys >= set(needed)), "")
