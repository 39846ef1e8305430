"""Somebody else's S3: moto over a real socket, which looks at who asks, may be away for a while, and shows what it holds."""

import json
import logging
import urllib.request
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "yunxiu"
_REGION = "us-east-1"


class Buckets:
    """The server with one bucket, and one account that may use it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = _started(0)
        _, self._port = self._server.get_host_and_port()
        # what an earlier one in this process held is there still
        self._judge_callers("inf")
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        founder = {"aws_access_key_id": "founder", "aws_secret_access_key": "founder"}
        iam = boto3.client("iam", endpoint_url=self.url, region_name=_REGION, **founder)
        iam.create_user(UserName="trivet")
        known = iam.create_access_key(UserName="trivet")["AccessKey"]
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="trivet", PolicyName="all", PolicyDocument=policy)
        self.key, self.secret = known["AccessKeyId"], known["SecretAccessKey"]
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name=_REGION, aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
        )  # fmt: skip
        self.client.create_bucket(Bucket=BUCKET)
        self._judge_callers("0")

    def _judge_callers(self, after: str) -> None:
        """Looks at who asks, once so many calls were let in."""
        asked = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth", method="POST", data=after.encode(), headers={"Content-Type": "text/plain"}
        )  # fmt: skip
        urllib.request.urlopen(asked).close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def options(self) -> dict[str, Any]:
        """What a driver needs."""
        return {"key": self.key, "secret": self.secret, "endpoint_url": self.url}

    def held(self, prefix: str) -> dict[str, bytes]:
        """Every object below the prefix."""
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {o["Key"].removeprefix(prefix): self.read(o["Key"]) for o in listed}

    def read(self, key: str) -> bytes:
        """What an object holds."""
        body: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def unfinished(self) -> int:
        """Uploads that were begun and neither ended nor given up."""
        return len(self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    def leave(self) -> None:
        """Nobody listens any more; what it holds stays."""
        self._server.stop()

    def come_back(self) -> None:
        """At the same place."""
        self._server = _started(self._port)


def _started(port: int) -> ThreadedMotoServer:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    return server
