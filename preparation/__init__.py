"""The tables that people have as what Amazon Personalize imports: CSVs and schemas. Knows files, no service."""
