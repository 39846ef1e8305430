"""`python -m trivet.cli`, the same command without the script on the path."""

from trivet.cli import main

main()
