"""Lists for users who do not act: whom a batch inference job answers for, and how its lists come onto profiles."""
