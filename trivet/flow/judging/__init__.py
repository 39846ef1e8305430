"""How good the scores are: beside interviewers, over time, between scorers, between groups of people."""
