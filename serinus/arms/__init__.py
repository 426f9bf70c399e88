"""The arms of an experiment: which subjects are whose, what each did, and what may be said of the difference."""
