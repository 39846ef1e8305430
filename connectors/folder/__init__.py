"""A folder of recordings: on this machine, on a share, or in an object store (S3, OSS, COS, Azure, GCS) that fsspec knows.

A reference is `{"path": …}`, relative to the connection's folder; without an ending it is the one file of that name that is a
recording, else a paper. Paths lead nowhere else: no `..`, no link that leaves the folder. Drivers of object stores are packages
of their own (`s3fs`, `ossfs`, `adlfs`, `gcsfs`).
"""

from trivet.contract import RecordingsConnector

from .config import NAME, FolderConfig
from .recordings import open_recordings

RECORDINGS = RecordingsConnector(NAME, "Folder or object store of recordings", FolderConfig, open_recordings)
