"""The data that Amazon Personalize imports: files, schemas, quotas, conversion and preparation."""
