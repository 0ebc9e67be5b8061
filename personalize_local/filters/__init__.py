"""Amazon Personalize's filters: the expression language, its rules, and its evaluation."""
