"""The suites that every connector runs, ours and a stranger's: subclass one, say where the far end is, done."""
