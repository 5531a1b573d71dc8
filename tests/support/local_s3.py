"""A local S3 server."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import fsspec
import pytest


@contextmanager
def s3_bucket() -> Iterator[str]:
    """Start a server, let the clients of this process and its children use it, yield a bucket."""
    s3fs = pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()  # Clients of another server.
        name = f"bucket-{uuid4()}"  # All servers of a process share their buckets.
        fsspec.filesystem("s3").mkdir(name)
        yield f"s3://{name}"
        server.stop()
