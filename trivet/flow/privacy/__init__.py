"""Whose data this is: what may be done with it, where it may go, how long it is kept, and how it goes."""
