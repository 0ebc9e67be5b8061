"""Amazon Personalize's filters: the expression language, its rules, and which items an expression lets through."""
