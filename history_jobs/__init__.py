"""The conversion of exports on more machines than this one: on Spark, and in AWS Lambda."""
