"""The conversion of exports on more machines than this one."""
