"""From a wanted change to its effect at the target: plan, push, settle, verify, take back.

Intent is committed before the first byte; an intent that another worker finds is unknown; an unknown is asked for before
anything is sent again; what was confirmed is read again; taking back never overwrites what a person changed.
"""
