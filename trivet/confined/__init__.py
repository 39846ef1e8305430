"""Work on strangers' files in a process of its own with limits, so that a hostile file takes no worker with it.

running.py   the parent: starts the program, turns what came of it into a connector's error
program.py   the child: takes its limits, leaves the network, does the work
refusal.py   what a work raises of a file that it does not read
"""
