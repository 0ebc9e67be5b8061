"""What a deployment says in the end: what to paste into mParticle's dashboard, and where things are."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from broker import __version__
from constructs import Construct

from infra.archive import Archive
from infra.imports import Imports
from infra.ingest import Ingest
from infra.metadata import Metadata
from infra.metric_attribution import MetricAttribution
from infra.personalize import PersonalizeResources
from infra.refresh import Refresh
from infra.rewind import Rewind
from infra.settings import Settings
from infra.storage import Buckets, MParticleSecret
from infra.suppression import Suppression
from infra.why import WhyRole


def outputs(
    scope: Construct,
    settings: Settings,
    events: kinesis.IStream,
    buckets: Buckets,
    imports: Imports,
    secret: MParticleSecret,
    personalize: PersonalizeResources,
    ingest: Ingest,
    refresh: Refresh | None,
    suppression: Suppression | None,
    why: WhyRole | None,
    correlation_keys: dynamodb.ITable | None,
    rewind: Rewind | None,
    archive: Archive | None,
    second: Ingest | None,
    impressions: dynamodb.ITable | None,
    attribution: MetricAttribution | None,
    metadata: Metadata | None,
) -> None:
    """Add the stack's outputs; those of Personalize, of the queues and of the archive only where they are there."""
    paste = "mParticle, Amazon Kinesis event output:"
    region, account = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
    dashboard = (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{settings.name}"
    )
    fill_in = "Put the pair of mParticle's custom feed in here before the stage recommend"
    shown = {
        "Version": (__version__, "The version of Personalize Broker that is deployed"),
        "Stage": (settings.stage.value, "The stage that is deployed"),
        "MParticleAccountId": (account, f"{paste} AWS Account ID (leave both key fields empty)"),
        "MParticleRegion": (region, f"{paste} Kinesis Service Region"),
        "MParticleStreamName": (events.stream_name, f"{paste} Stream Name"),
        "MParticleSecretArn": (secret.arn, fill_in),
        "StreamArn": (events.stream_arn, "The stream"),
        "QuarantineBucket": (buckets.quarantine.bucket_name, "What can never work, with the reason"),
        "OnFailureBucket": (buckets.on_failure.bucket_name, "What was given up after two days, whole"),
        "ImportBucket": (imports.bucket.bucket_name, "Through which ./broker backfill, batch and export send files"),
        "ImportRoleArn": (imports.role.role_arn, "By which Personalize reads and writes them"),
        "IngestFunction": (ingest.function.function_name, "The function that sends events; it names its metrics"),
        "RefreshFunction": (refresh and refresh.function.function_name, "The function that writes profiles, likewise"),
        "TrackingId": (personalize.tracking_id, "The event tracker"),
        "SolutionArn": (personalize.solution_arn, "What is trained"),
        "CampaignArn": (
            personalize.campaign_arn if personalize.campaigns or not personalize.datasets else None,
            "What recommends",
        ),
        "Paused": ("true" if settings.paused else None, "Whether the campaign is taken out, by broker:paused"),
        "FilterArn": (personalize.filter_arn, "What the recommendations leave out"),
        "RefreshQueueUrl": (refresh and refresh.queues.queue.queue_url, "Customers to refresh"),
        "PurchaseQueueUrl": (refresh and refresh.queues.purchases.queue_url, "Customers to refresh after a purchase"),
        "DeadLettersUrl": (refresh and refresh.queues.dead_letters.queue_url, "Customers never refreshed"),
        "KmsKey": (settings.protection.kms_key, "The setting broker:kms_key as it was at the first deployment"),
        "StateTable": (refresh and refresh.state_table.table_name, "What refresh remembers of each customer"),
        "ImpressionsTable": (impressions and impressions.table_name, "What each customer was shown lately"),
        "MetadataTable": (metadata and metadata.table.table_name, "What is known of each user and item, and was sent"),
        "MetadataQueueUrl": (metadata and metadata.queues.queue.queue_url, "Users and items to put"),
        "MetadataDeadLettersUrl": (metadata and metadata.queues.dead_letters.queue_url, "Users and items never put"),
        "PutMetadataFunction": (metadata and metadata.function.function_name, "The function that puts them, likewise"),
        "MetricAttributionArn": (attribution and attribution.arn, "What reports to CloudWatch what each source earned"),
        "RewindFunction": (rewind and rewind.function.function_name, "The function that reads the stream again"),
        "ControlBucket": (
            suppression and suppression.settings.bucket,
            "The suppression list, and the plan of a rewind",
        ),
        "SuppressionKeyArn": (suppression and suppression.settings.key_arn, "The key of its hashes"),
        "CorrelationTable": (
            correlation_keys and correlation_keys.table_name,
            "The keys of ids in log lines per record",
        ),
        "WhyRoleArn": (why and why.role.role_arn, "The role that ./broker why takes"),
        "ArchiveBucket": (archive and archive.bucket.bucket_name, "The raw archive of the stream"),
        "ArchiveDays": (archive and str(settings.archive_days), "For how many days it keeps a record"),
        "ArchiveReaderRoleArn": (archive and archive.reader.role_arn, "By which ./broker reads the archive"),
        "ArchiveEraserRoleArn": (archive and archive.eraser.role_arn, "By which ./broker forget --archive rewrites it"),
        "SecondTrackingId": (
            second and settings.personalize.second_tracking_id,
            "The tracker that is filled beside it",
        ),
        "SecondIngestFunction": (second and second.function.function_name, "The function that fills it"),
        "DashboardUrl": (dashboard, "The dashboard"),
    }
    for name, (value, description) in shown.items():
        if value:
            cdk.CfnOutput(scope, name, value=value, description=description)
