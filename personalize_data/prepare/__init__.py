"""Tables as people have them, made into the CSVs and schemas of an import."""
